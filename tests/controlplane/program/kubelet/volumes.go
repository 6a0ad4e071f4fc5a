package kubelet

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unattachable is the storage class whose volumes are provisioned, and then cannot be attached to any node.
const unattachable = "unattachable"

// missingVolume finds the first volume that cannot be mounted, until the first container has been created.
func (k *Kubelet) missingVolume(ctx context.Context, pod *corev1.Pod) (*problem, error) {
	for _, volume := range pod.Spec.Volumes {
		found, err := k.cannotMount(ctx, pod.Namespace, volume)
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}

func (k *Kubelet) cannotMount(ctx context.Context, namespace string, volume corev1.Volume) (*problem, error) {
	var wanted reference
	switch {
	case volume.PersistentVolumeClaim != nil:
		return k.cannotAttach(ctx, namespace, volume.PersistentVolumeClaim.ClaimName)
	case volume.Secret != nil:
		wanted = reference{"secret", volume.Secret.SecretName, "", volume.Secret.Optional}
	case volume.ConfigMap != nil:
		wanted = reference{"configmap", volume.ConfigMap.Name, "", volume.ConfigMap.Optional}
	default:
		return nil, nil
	}
	if wanted.optional != nil && *wanted.optional {
		return nil, nil
	}
	lacking, err := k.lacking(ctx, namespace, wanted)
	if err != nil || lacking == "" {
		return nil, err
	}
	return &problem{"FailedMount", fmt.Sprintf("MountVolume.SetUp failed for volume %q : %s", volume.Name, lacking)}, nil
}

func (k *Kubelet) cannotAttach(ctx context.Context, namespace, name string) (*problem, error) {
	claim, err := k.client.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil || claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName != unattachable {
		return nil, err
	}
	message := fmt.Sprintf("AttachVolume.Attach failed for volume %q : rpc error: code = Internal desc = "+
		"no such disk: its storage class is named so", claim.Spec.VolumeName)
	return &problem{"FailedAttachVolume", message}, nil
}
