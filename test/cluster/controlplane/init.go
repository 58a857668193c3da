package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// runInit is process 1 of the node's process namespace: it does nothing but collect the processes that others leave
// to it (each stopped container leaves its shim), which would otherwise stay as zombies. The node ends with it.
func runInit() {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for range children {
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
		}
	}
}
