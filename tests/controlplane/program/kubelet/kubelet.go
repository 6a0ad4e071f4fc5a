// Package kubelet plays the kubelets of all nodes: it reports for each pod what a kubelet would report, and starts
// nothing.
//
// What happens is decided by the names of images, as in the simulated cluster (embedded/simulated/kubelet), which says
// what they mean. Any Node object that is made gets its kubelet here; one annotated `simulated.reprise.dev/silent` has
// a kubelet that is not heard of.
package kubelet

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

const workers = 8

// Kubelet is one for all nodes. How far a pod is stands in its status; only how long it stays there is remembered here.
type Kubelet struct {
	client kubernetes.Interface
	pods   corelisters.PodLister
	nodes  corelisters.NodeLister
	events record.EventRecorder
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
	waits  *waits
	pace   pace
}

// NewCommand runs the kubelets until it is ended.
func NewCommand() *cobra.Command {
	var kubeconfig string
	var begin nodeSize
	pace := defaultPace()
	command := &cobra.Command{
		Use: "kubelet",
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			config.QPS, config.Burst = 500, 1000
			return run(command.Context(), kubernetes.NewForConfigOrDie(config), begin, pace)
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "kubeconfig of the cluster to join")
	begin.addFlags(command.Flags())
	pace.addFlags(command.Flags())
	return command
}

func run(ctx context.Context, client kubernetes.Interface, begin nodeSize, pace *pace) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, nodes := factory.Core().V1().Pods(), factory.Core().V1().Nodes()
	kubelet := &Kubelet{
		client: client,
		pods:   pods.Lister(),
		nodes:  nodes.Lister(),
		events: recorder(ctx, client),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](20*time.Millisecond, 2*time.Second)),
		waits: newWaits(),
		pace:  *pace,
	}
	if _, err := pods.Informer().AddEventHandler(kubelet.handler()); err != nil {
		return err
	}
	nodes.Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for range workers {
		go kubelet.work(ctx)
	}
	return kubelet.keepNodes(ctx, begin)
}

func recorder(ctx context.Context, client kubernetes.Interface) record.EventRecorder {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"})
}

func (k *Kubelet) handler() cache.ResourceEventHandler {
	add := func(object any) {
		if name, err := cache.DeletionHandlingObjectToName(object); err == nil {
			k.queue.Add(name)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
		DeleteFunc: func(object any) {
			if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if pod, ok := object.(*corev1.Pod); ok {
				k.waits.forget(pod.UID)
			}
		},
	}
}

func (k *Kubelet) work(ctx context.Context) {
	for {
		name, ended := k.queue.Get()
		if ended {
			return
		}
		left, err := k.reconcile(ctx, name)
		switch {
		case err != nil:
			k.queue.AddRateLimited(name)
		default:
			k.queue.Forget(name)
			if left != forGood {
				k.queue.AddAfter(name, left)
			}
		}
		k.queue.Done(name)
	}
}

// reconcile moves a pod on by one step, and says when to look at it again.
func (k *Kubelet) reconcile(ctx context.Context, name cache.ObjectName) (time.Duration, error) {
	pod, err := k.pods.Pods(name.Namespace).Get(name.Name)
	switch {
	case apierrors.IsNotFound(err):
		return forGood, nil
	case err != nil:
		return forGood, err
	case pod.Spec.NodeName == "":
		return forGood, nil
	case k.isSilent(pod.Spec.NodeName):
		return k.pace.retry, nil
	case pod.DeletionTimestamp != nil:
		return k.stop(ctx, pod)
	case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		return forGood, nil
	}
	if left := k.waits.left(pod.UID); left > 0 {
		return left, nil
	}
	return k.move(ctx, pod.DeepCopy())
}

// stop ends a pod that is being deleted: the API server lets it go once its kubelet deletes it without any grace.
func (k *Kubelet) stop(ctx context.Context, pod *corev1.Pod) (time.Duration, error) {
	if grace := pod.DeletionGracePeriodSeconds; grace != nil && *grace == 0 {
		return forGood, nil
	}
	if left := k.waits.leftOfStop(pod.UID, k.pace.stop); left > 0 {
		return left, nil
	}
	options := metav1.NewPreconditionDeleteOptions(string(pod.UID))
	options.GracePeriodSeconds = new(int64)
	err := k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *options)
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return forGood, fmt.Errorf("cannot end pod %s: %w", pod.Name, err)
	}
	return forGood, nil
}
