// Command controlplane holds every part of a Kubernetes control plane for tests, the real ones and two that are played.
//
// Real: etcd, kube-apiserver, kube-controller-manager, kube-scheduler. Played, since there is no container runtime and
// no storage: the kubelets of all nodes, and a storage provisioner.
package main

import (
	"fmt"
	"os"

	"controlplane/kubelet"
	"controlplane/storage"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var parts = map[string]func() *cobra.Command{
	"etcd":                    newEtcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 kubelet.NewCommand,
	"storage":                 storage.NewCommand,
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|storage")
		os.Exit(2)
	}
	// Each part takes itself for the whole program.
	os.Args = os.Args[1:]
	os.Exit(cli.Run(parts[os.Args[0]]()))
}
