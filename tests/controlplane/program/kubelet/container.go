package kubelet

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const (
	lastWords = "this container fails: its image is named so"
	unhealthy = "Readiness probe failed: HTTP probe failed with statuscode: 503"
)

var imageID = "sha256:" + strings.Repeat("0", 64)

// container is one container of a pod, with how far it is.
type container struct {
	pod    *corev1.Pod
	spec   corev1.Container
	isInit bool
	status corev1.ContainerStatus
}

// containersOf gives each container its status; a new one waits, in the words a kubelet uses with and without init.
func containersOf(pod *corev1.Pod, specs []corev1.Container, statuses []corev1.ContainerStatus, isInit bool) []*container {
	known := map[string]corev1.ContainerStatus{}
	for _, status := range statuses {
		known[status.Name] = status
	}
	reason := "ContainerCreating"
	if len(pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	found := make([]*container, 0, len(specs))
	for _, spec := range specs {
		status, ok := known[spec.Name]
		if !ok {
			status = corev1.ContainerStatus{Name: spec.Name, Image: spec.Image, Started: ptr.To(false)}
			status.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason}
		}
		found = append(found, &container{pod: pod, spec: spec, isInit: isInit, status: status})
	}
	return found
}

func (c *container) named(word string) bool { return strings.Contains(c.spec.Image, word) }

func (c *container) crashes() bool {
	if c.isInit {
		return c.named("crashinit")
	}
	return c.named("crash") || c.isKilled()
}

func (c *container) isKilled() bool  { return !c.isInit && c.named("oomkill") }
func (c *container) isUnready() bool { return !c.isInit && c.named("unready") }

func (c *container) restarts() corev1.RestartPolicy { return c.pod.Spec.RestartPolicy }

func (c *container) succeeded() bool {
	return c.status.State.Terminated != nil && c.status.State.Terminated.ExitCode == 0
}

// isFinished tells whether the container has ended and will not be started again.
func (c *container) isFinished() bool {
	switch {
	case c.status.State.Terminated == nil:
		return false
	case c.isInit || c.restarts() == corev1.RestartPolicyOnFailure:
		return c.succeeded() || c.restarts() == corev1.RestartPolicyNever
	default:
		return c.restarts() == corev1.RestartPolicyNever
	}
}

// step moves the container on by one step and says for how long it stays there.
func (c *container) step(pace pace, problem *problem) time.Duration {
	switch {
	case c.status.State.Running != nil:
		return c.afterRunning()
	case c.status.State.Terminated != nil:
		return c.afterEnd(pace)
	case c.named("invalid"):
		message := fmt.Sprintf("Failed to apply default image tag %q: couldn't parse image name %q: invalid reference format", c.spec.Image, c.spec.Image)
		c.wait("InvalidImageName", message)
		return pace.retry
	case c.named("missing"):
		return c.pull(pace)
	case problem != nil:
		c.wait(problem.reason, problem.message)
		return pace.retry
	default:
		return c.run(pace)
	}
}

func (c *container) pull(pace pace) time.Duration {
	failed := fmt.Sprintf("failed to pull and unpack image %q: %s: not found", c.spec.Image, c.spec.Image)
	if waiting := c.status.State.Waiting; waiting != nil && waiting.Reason == "ErrImagePull" {
		c.wait("ImagePullBackOff", fmt.Sprintf("Back-off pulling image %q: ErrImagePull: %s", c.spec.Image, failed))
		return pace.backoff
	}
	c.wait("ErrImagePull", failed)
	return pace.failure
}

func (c *container) run(pace pace) time.Duration {
	c.status.ImageID, c.status.Started = imageID, ptr.To(true)
	c.status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	if c.crashes() {
		return pace.failure
	}
	if c.isInit {
		return pace.initOf(c.spec.Image)
	}
	c.status.Ready = !c.isUnready()
	if c.restarts() == corev1.RestartPolicyAlways {
		return forGood
	}
	return pace.initOf(c.spec.Image)
}

func (c *container) afterRunning() time.Duration {
	if !c.crashes() && !c.isInit && c.restarts() == corev1.RestartPolicyAlways {
		return forGood
	}
	c.status.State = corev1.ContainerState{Terminated: c.ending(c.status.State.Running.StartedAt)}
	c.status.Ready, c.status.Started = c.isInit && !c.crashes(), ptr.To(false)
	if c.isFinished() {
		return forGood
	}
	return 0
}

func (c *container) ending(started metav1.Time) *corev1.ContainerStateTerminated {
	end := &corev1.ContainerStateTerminated{
		Reason: "Completed", StartedAt: started, FinishedAt: metav1.Now(), ContainerID: "simulated://" + c.spec.Name,
	}
	switch {
	case c.isKilled():
		end.ExitCode, end.Reason = 137, "OOMKilled"
	case c.crashes():
		end.ExitCode, end.Reason = 1, "Error"
		if c.spec.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError {
			end.Message = lastWords
		}
	}
	return end
}

func (c *container) afterEnd(pace pace) time.Duration {
	if c.isFinished() {
		return forGood
	}
	c.status.RestartCount++
	delay := pace.backoffAfter(c.status.RestartCount)
	c.status.LastTerminationState = c.status.State
	c.wait("CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
		delay, c.spec.Name, c.pod.Name, c.pod.Namespace, c.pod.UID))
	return delay
}

func (c *container) wait(reason, message string) {
	c.status.Ready, c.status.Started = false, ptr.To(false)
	c.status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}
