package kubelet

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/spf13/pflag"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

const (
	silent    = "simulated.reprise.dev/silent"
	heartbeat = 2 * time.Second
	leases    = corev1.NamespaceNodeLease
)

// nodeSize is what a cluster begins with, and what a Node object gets that names no size.
type nodeSize struct {
	nodes       int
	cpu, memory string
}

func (n *nodeSize) addFlags(flags *pflag.FlagSet) {
	flags.IntVar(&n.nodes, "nodes", 1, "nodes of a new cluster")
	flags.StringVar(&n.cpu, "node-cpu", "4", "CPU of each node, as a Kubernetes quantity")
	flags.StringVar(&n.memory, "node-memory", "8Gi", "memory of each node, as a Kubernetes quantity")
}

func (n *nodeSize) room() (corev1.ResourceList, error) {
	room := corev1.ResourceList{}
	for name, text := range map[corev1.ResourceName]string{
		corev1.ResourceCPU: n.cpu, corev1.ResourceMemory: n.memory, corev1.ResourcePods: "110",
	} {
		amount, err := resource.ParseQuantity(text)
		if err != nil {
			return nil, fmt.Errorf("%s of a node: %w", name, err)
		}
		room[name] = amount
	}
	return room, nil
}

// keepNodes makes the first nodes and says of every node there is that its kubelet lives, for ever.
func (k *Kubelet) keepNodes(ctx context.Context, begin nodeSize) error {
	room, err := begin.room()
	if err != nil {
		return err
	}
	for index := range begin.nodes {
		if err := k.join(ctx, fmt.Sprintf("node-%d", index)); err != nil {
			return err
		}
	}
	for {
		nodes, err := k.nodes.List(labels.Everything())
		if err != nil {
			return err
		}
		for _, node := range nodes {
			if err := k.beat(ctx, node.DeepCopy(), room); err != nil {
				log.Printf("node %s: %v", node.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(k.pauseBeforeBeat(nodes, begin)):
		}
	}
}

// pauseBeforeBeat is short while the first nodes have not been seen yet.
func (k *Kubelet) pauseBeforeBeat(nodes []*corev1.Node, begin nodeSize) time.Duration {
	if len(nodes) < begin.nodes {
		return heartbeat / 40
	}
	return heartbeat
}

func (k *Kubelet) join(ctx context.Context, name string) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:   name,
		Labels: map[string]string{corev1.LabelHostname: name, corev1.LabelOSStable: "linux"},
	}}
	_, err := k.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (k *Kubelet) isSilent(name string) bool {
	node, err := k.nodes.Get(name)
	return err != nil || isSilent(node)
}

func isSilent(node *corev1.Node) bool {
	_, found := node.Annotations[silent]
	return found
}

func (k *Kubelet) beat(ctx context.Context, node *corev1.Node, room corev1.ResourceList) error {
	if isSilent(node) {
		return nil
	}
	if err := k.renewLease(ctx, node); err != nil {
		return err
	}
	if len(node.Status.Allocatable) > 0 && isReady(node) {
		return nil
	}
	if len(node.Status.Allocatable) == 0 {
		node.Status.Capacity, node.Status.Allocatable = room, room
	}
	now := metav1.Now()
	node.Status.Conditions = []corev1.NodeCondition{{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady",
		Message: "the node reports what it is told", LastHeartbeatTime: now, LastTransitionTime: now,
	}}
	_, err := k.client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{})
	return err
}

func isReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (k *Kubelet) renewLease(ctx context.Context, node *corev1.Node) error {
	client := k.client.CoordinationV1().Leases(leases)
	lease, err := client.Get(ctx, node.Name, metav1.GetOptions{})
	now := metav1.NowMicro()
	if apierrors.IsNotFound(err) {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: node.Name, Namespace: leases}}
		lease.Spec = coordinationv1.LeaseSpec{
			HolderIdentity: &node.Name, LeaseDurationSeconds: ptr.To(int32(40)), RenewTime: &now,
		}
		_, err = client.Create(ctx, lease, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	lease.Spec.RenewTime = &now
	_, err = client.Update(ctx, lease, metav1.UpdateOptions{})
	return err
}
