package kubelet

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// problem is what keeps a container, or a whole pod, from being created.
type problem struct{ reason, message string }

// reference is something in a Secret or a ConfigMap that a container's environment is made of; key may be empty.
type reference struct {
	kind, name, key string
	optional        *bool
}

// missing finds why a container is refused, or the first thing its environment refers to that is not there.
func (k *Kubelet) missing(ctx context.Context, each *container) (*problem, error) {
	if each.status.State.Waiting == nil {
		return nil, nil
	}
	if refused := each.refusal(); refused != nil {
		return refused, nil
	}
	for _, reference := range references(each.spec) {
		if reference.optional != nil && *reference.optional {
			continue
		}
		message, err := k.lacking(ctx, each.pod.Namespace, reference)
		if err != nil || message != "" {
			return &problem{"CreateContainerConfigError", message}, err
		}
	}
	return nil, nil
}

func references(spec corev1.Container) []reference {
	var found []reference
	for _, variable := range spec.Env {
		if source := variable.ValueFrom; source != nil && source.SecretKeyRef != nil {
			found = append(found, reference{"secret", source.SecretKeyRef.Name, source.SecretKeyRef.Key, source.SecretKeyRef.Optional})
		} else if source != nil && source.ConfigMapKeyRef != nil {
			found = append(found, reference{"configmap", source.ConfigMapKeyRef.Name, source.ConfigMapKeyRef.Key, source.ConfigMapKeyRef.Optional})
		}
	}
	for _, source := range spec.EnvFrom {
		if source.SecretRef != nil {
			found = append(found, reference{"secret", source.SecretRef.Name, "", source.SecretRef.Optional})
		} else if source.ConfigMapRef != nil {
			found = append(found, reference{"configmap", source.ConfigMapRef.Name, "", source.ConfigMapRef.Optional})
		}
	}
	return found
}

// lacking says in the kubelet's words what is not there; nothing where it is.
func (k *Kubelet) lacking(ctx context.Context, namespace string, wanted reference) (string, error) {
	keys, err := k.keysOf(ctx, namespace, wanted)
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("%s %q not found", wanted.kind, wanted.name), nil
	}
	if err != nil || wanted.key == "" || keys[wanted.key] {
		return "", err
	}
	kind := map[string]string{"secret": "Secret", "configmap": "ConfigMap"}[wanted.kind]
	return fmt.Sprintf("couldn't find key %s in %s %s/%s", wanted.key, kind, namespace, wanted.name), nil
}

func (k *Kubelet) keysOf(ctx context.Context, namespace string, wanted reference) (map[string]bool, error) {
	keys := map[string]bool{}
	if wanted.kind == "secret" {
		secret, err := k.client.CoreV1().Secrets(namespace).Get(ctx, wanted.name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		for key := range secret.Data {
			keys[key] = true
		}
		return keys, nil
	}
	configMap, err := k.client.CoreV1().ConfigMaps(namespace).Get(ctx, wanted.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	for key := range configMap.Data {
		keys[key] = true
	}
	return keys, nil
}
