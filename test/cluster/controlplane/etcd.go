package main

import (
	"flag"
	"fmt"
	"net/url"

	"go.etcd.io/etcd/server/v3/embed"
)

// runEtcd runs one etcd member until it fails. It never returns nil.
func runEtcd(args []string) error {
	flags := flag.NewFlagSet("etcd", flag.ContinueOnError)
	data := flags.String("data-dir", "", "folder of the database")
	client := flags.String("listen-client-url", "", "URL for the API server")
	peer := flags.String("listen-peer-url", "", "URL for other members; there are none, but etcd insists on one")
	if err := flags.Parse(args); err != nil {
		return err
	}
	clientURL, err := url.Parse(*client)
	if err != nil {
		return fmt.Errorf("--listen-client-url: %w", err)
	}
	peerURL, err := url.Parse(*peer)
	if err != nil {
		return fmt.Errorf("--listen-peer-url: %w", err)
	}

	config := embed.NewConfig()
	config.Dir = *data
	config.ListenClientUrls = []url.URL{*clientURL}
	config.AdvertiseClientUrls = []url.URL{*clientURL}
	config.ListenPeerUrls = []url.URL{*peerURL}
	config.AdvertisePeerUrls = []url.URL{*peerURL}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// The database ends with the cluster: nothing is lost without fsync, and a slow disk does not slow the tests.
	config.UnsafeNoFsync = true
	config.LogLevel = "error"

	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	<-server.Server.ReadyNotify()
	fmt.Println("etcd is ready on", *client)
	return <-server.Err()
}
