package main

import (
	"net/url"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
)

// newEtcdCommand serves one etcd member, for data that nobody will miss.
func newEtcdCommand() *cobra.Command {
	var listen, data string
	command := &cobra.Command{
		Use: "etcd",
		RunE: func(*cobra.Command, []string) error {
			client, err := url.Parse(listen)
			if err != nil {
				return err
			}
			return serveEtcd(*client, data)
		},
	}
	command.Flags().StringVar(&listen, "listen", "http://127.0.0.1:2379", "URL to serve clients on")
	command.Flags().StringVar(&data, "data", "etcd", "directory of its data")
	return command
}

func serveEtcd(client url.URL, data string) error {
	config := embed.NewConfig()
	config.Dir = data
	config.ListenClientUrls = []url.URL{client}
	config.AdvertiseClientUrls = []url.URL{client}
	config.ListenPeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	return <-etcd.Err()
}
