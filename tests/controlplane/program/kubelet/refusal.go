package kubelet

import (
	"fmt"
)

// refusal is what a kubelet says of a container that must not run as root when its image knows no other user.
func (c *container) refusal() *problem {
	if !c.named("asroot") {
		return nil
	}
	message := fmt.Sprintf("container has runAsNonRoot and image will run as root (pod: \"%s_%s(%s)\", container: %s)",
		c.pod.Name, c.pod.Namespace, c.pod.UID, c.spec.Name)
	return &problem{"CreateContainerConfigError", message}
}
