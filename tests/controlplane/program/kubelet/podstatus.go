package kubelet

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const hostAddress = "127.0.0.1"

// sumUp writes the states of its containers up into a pod's status; source: pkg/kubelet/status/generate.go.
func sumUp(pod *corev1.Pod, init, main []*container) {
	status := &pod.Status
	status.Phase = phase(init, main)
	status.HostIP, status.HostIPs = hostAddress, []corev1.HostIP{{IP: hostAddress}}
	status.PodIP = address(pod)
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	if status.StartTime == nil {
		status.StartTime = ptr.To(metav1.Now())
	}
	status.ObservedGeneration = pod.Generation
	status.InitContainerStatuses, status.ContainerStatuses = statusesOf(init), statusesOf(main)
	setCondition(pod, corev1.PodReadyToStartContainers, told(nil, "", ""))
	setCondition(pod, corev1.PodInitialized, told(unfinished(init), "ContainersNotInitialized", "incomplete"))
	setCondition(pod, corev1.ContainersReady, readiness(status.Phase, main))
	setCondition(pod, corev1.PodReady, readiness(status.Phase, main))
}

func phase(init, main []*container) corev1.PodPhase {
	for _, each := range init {
		if each.isFinished() && !each.succeeded() {
			return corev1.PodFailed
		}
	}
	if len(unfinished(init)) > 0 {
		return corev1.PodPending
	}
	finished, begun := true, true
	for _, each := range main {
		finished = finished && each.isFinished()
		begun = begun && (each.status.State.Waiting == nil || each.status.LastTerminationState.Terminated != nil)
	}
	switch {
	case finished && len(unfinished(main)) > 0:
		return corev1.PodFailed
	case finished:
		return corev1.PodSucceeded
	case begun:
		return corev1.PodRunning
	default:
		return corev1.PodPending
	}
}

// unfinished names the containers that have not succeeded.
func unfinished(containers []*container) []string {
	var names []string
	for _, each := range containers {
		if !each.succeeded() {
			names = append(names, each.spec.Name)
		}
	}
	return names
}

func statusesOf(containers []*container) []corev1.ContainerStatus {
	var statuses []corev1.ContainerStatus
	for _, each := range containers {
		statuses = append(statuses, each.status)
	}
	return statuses
}

func readiness(phase corev1.PodPhase, main []*container) corev1.PodCondition {
	switch phase {
	case corev1.PodSucceeded:
		return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "PodCompleted"}
	case corev1.PodFailed:
		return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: "PodFailed"}
	}
	var unready []string
	for _, each := range main {
		if !each.status.Ready {
			unready = append(unready, each.spec.Name)
		}
	}
	return told(unready, "ContainersNotReady", "unready")
}

func told(names []string, reason, word string) corev1.PodCondition {
	if len(names) == 0 {
		return corev1.PodCondition{Status: corev1.ConditionTrue}
	}
	message := fmt.Sprintf("containers with %s status: [%s]", word, strings.Join(names, " "))
	return corev1.PodCondition{Status: corev1.ConditionFalse, Reason: reason, Message: message}
}

// setCondition keeps the time of a condition's last transition where its status has not changed.
func setCondition(pod *corev1.Pod, kind corev1.PodConditionType, wanted corev1.PodCondition) {
	wanted.Type, wanted.ObservedGeneration, wanted.LastTransitionTime = kind, pod.Generation, metav1.Now()
	for index, condition := range pod.Status.Conditions {
		if condition.Type == kind {
			if condition.Status == wanted.Status {
				wanted.LastTransitionTime = condition.LastTransitionTime
			}
			pod.Status.Conditions[index] = wanted
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, wanted)
}

func address(pod *corev1.Pod) string {
	number, err := strconv.ParseUint(string(pod.UID[:4]), 16, 16)
	if err != nil {
		return "10.244.0.1"
	}
	return fmt.Sprintf("10.244.%d.%d", number>>8, number&255)
}
