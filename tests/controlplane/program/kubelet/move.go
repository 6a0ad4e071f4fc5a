package kubelet

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// move takes the next step of a pod: init containers in order, then the others.
func (k *Kubelet) move(ctx context.Context, pod *corev1.Pod) (time.Duration, error) {
	init := containersOf(pod, pod.Spec.InitContainers, pod.Status.InitContainerStatuses, true)
	main := containersOf(pod, pod.Spec.Containers, pod.Status.ContainerStatuses, false)
	delay := time.Duration(0)
	if len(pod.Status.ContainerStatuses) == 0 {
		// Seen for the first time: everything waits, and the first step follows when the pod would be set up.
		if len(init) == 0 {
			delay = k.pace.startOf(main)
		}
	} else if problem, err := k.missingVolume(ctx, pod); err != nil {
		return forGood, err
	} else if problem != nil {
		k.events.Event(pod, corev1.EventTypeWarning, problem.reason, problem.message)
		delay = k.pace.retry
	} else if delay, err = k.advance(ctx, init, main); err != nil {
		return forGood, err
	}
	sumUp(pod, init, main)
	return delay, k.report(ctx, pod, delay)
}

func (k *Kubelet) report(ctx context.Context, pod *corev1.Pod, delay time.Duration) error {
	_, err := k.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("cannot report on pod %s: %w", pod.Name, err)
	}
	k.waits.begin(pod.UID, delay)
	return nil
}

func (k *Kubelet) advance(ctx context.Context, init, main []*container) (time.Duration, error) {
	for index, each := range init {
		if each.succeeded() {
			continue
		}
		delay, err := k.step(ctx, each)
		if each.succeeded() {
			delay = 0
			if index == len(init)-1 {
				delay = k.pace.startOf(main)
			}
		}
		return delay, err
	}
	soonest := forGood
	for _, each := range main {
		delay, err := k.step(ctx, each)
		if err != nil {
			return forGood, err
		}
		if soonest == forGood || (delay != forGood && delay < soonest) {
			soonest = delay
		}
	}
	return soonest, nil
}

func (k *Kubelet) step(ctx context.Context, each *container) (time.Duration, error) {
	problem, err := k.missing(ctx, each)
	if err != nil {
		return forGood, err
	}
	before := each.status.State
	delay := each.step(k.pace, problem)
	k.tell(each, before)
	return delay, nil
}

// tell records the events that a kubelet records when a container begins to wait, or to run.
func (k *Kubelet) tell(each *container, before corev1.ContainerState) {
	after := each.status.State
	if after.Running != nil && before.Running == nil {
		k.events.Eventf(each.pod, corev1.EventTypeNormal, "Started", "Container started: %s", each.spec.Name)
		if each.isUnready() {
			k.events.Event(each.pod, corev1.EventTypeWarning, "Unhealthy", unhealthy)
		}
	}
	if after.Waiting == nil || (before.Waiting != nil && before.Waiting.Reason == after.Waiting.Reason) {
		return
	}
	switch after.Waiting.Reason {
	case "ErrImagePull":
		k.events.Eventf(each.pod, corev1.EventTypeWarning, "Failed", "Failed to pull image %q: %s", each.spec.Image, after.Waiting.Message)
	case "ImagePullBackOff":
		k.events.Eventf(each.pod, corev1.EventTypeNormal, "BackOff", "Back-off pulling image %q", each.spec.Image)
	case "InvalidImageName":
		k.events.Event(each.pod, corev1.EventTypeWarning, "InspectFailed", after.Waiting.Message)
	case "CreateContainerConfigError":
		k.events.Eventf(each.pod, corev1.EventTypeWarning, "Failed", "Error: %s", after.Waiting.Message)
	case "CrashLoopBackOff":
		k.events.Eventf(each.pod, corev1.EventTypeWarning, "BackOff", "Back-off restarting failed container %s in pod %s", each.spec.Name, each.pod.Name)
	}
}
