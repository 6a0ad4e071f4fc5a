// Package storage plays a cluster's storage provisioner: it gives claims volumes that hold nothing.
//
// The storage classes say what becomes of a claim: `standard` (the default) is bound at once, `first-consumer` when a
// pod uses it, `unprovisioned` never, and a volume of `unattachable` is bound but cannot be attached.
package storage

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/ptr"
)

const (
	provisioner   = "simulated.reprise.dev/storage"
	absent        = "simulated.reprise.dev/absent"
	chosenBy      = "volume.kubernetes.io/storage-provisioner"
	chosenNode    = "volume.kubernetes.io/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	byDefault     = "storageclass.kubernetes.io/is-default-class"
	lookAgain     = 5 * time.Second
)

// NewCommand makes the storage classes and provisions until it is ended.
func NewCommand() *cobra.Command {
	var kubeconfig string
	command := &cobra.Command{
		Use: "storage",
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			config.QPS, config.Burst = 500, 1000
			return run(command.Context(), kubernetes.NewForConfigOrDie(config))
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of the cluster")
	return command
}

func run(ctx context.Context, client kubernetes.Interface) error {
	delayed := storagev1.VolumeBindingWaitForFirstConsumer
	immediate := storagev1.VolumeBindingImmediate
	for _, class := range []*storagev1.StorageClass{
		newClass("standard", provisioner, immediate),
		newClass("first-consumer", provisioner, delayed),
		newClass("unprovisioned", absent, immediate),
		newClass("unattachable", provisioner, immediate),
	} {
		_, err := client.StorageV1().StorageClasses().Create(ctx, class, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	factory := informers.NewSharedInformerFactory(client, lookAgain)
	core := factory.Core().V1()
	if _, err := core.PersistentVolumeClaims().Informer().AddEventHandler(each(func(claim *corev1.PersistentVolumeClaim) error {
		return provision(ctx, client, claim)
	})); err != nil {
		return err
	}
	if _, err := core.PersistentVolumes().Informer().AddEventHandler(each(func(volume *corev1.PersistentVolume) error {
		return remove(ctx, client, volume)
	})); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	return nil
}

func newClass(name, provisioner string, mode storagev1.VolumeBindingMode) *storagev1.StorageClass {
	return &storagev1.StorageClass{
		ObjectMeta:        metav1.ObjectMeta{Name: name, Annotations: map[string]string{byDefault: fmt.Sprint(name == "standard")}},
		Provisioner:       provisioner,
		ReclaimPolicy:     ptr.To(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode: &mode,
	}
}

// each calls for every object that is new, changed, or looked at again; what fails is done when it is looked at again.
func each[T any](do func(*T) error) cache.ResourceEventHandler {
	handle := func(object any) {
		if known, ok := object.(*T); ok {
			if err := do(known); err != nil {
				log.Print(err)
			}
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    handle,
		UpdateFunc: func(_, object any) { handle(object) },
	}
}

// provision makes the volume of a claim that the control plane gave to this provisioner.
func provision(ctx context.Context, client kubernetes.Interface, claim *corev1.PersistentVolumeClaim) error {
	if claim.Annotations[chosenBy] != provisioner || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return nil
	}
	class, err := client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer && claim.Annotations[chosenNode] == "" {
		return nil
	}
	_, err = client.CoreV1().PersistentVolumes().Create(ctx, volumeOf(claim), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func volumeOf(claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "pv-" + string(claim.UID),
			Annotations: map[string]string{provisionedBy: provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      claim.Spec.Resources.Requests,
			AccessModes:                   claim.Spec.AccessModes,
			StorageClassName:              *claim.Spec.StorageClassName,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				// of a kind that needs no attaching: nobody here would do it
				HostPath: &corev1.HostPathVolumeSource{Path: "/var/empty"},
			},
		},
	}
}

// remove takes back a volume whose claim is gone.
func remove(ctx context.Context, client kubernetes.Interface, volume *corev1.PersistentVolume) error {
	if volume.Annotations[provisionedBy] != provisioner || volume.Status.Phase != corev1.VolumeReleased {
		return nil
	}
	err := client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
