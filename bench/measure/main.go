// Command measure runs a program and writes what it took: `measure FILE PROGRAM [ARGUMENT…]`.
//
// Node tells of a child neither its processor time nor its memory. A small program that waits for it is told both by the kernel,
// with those of all processes that the child itself has waited for. It must be small: the peak of a process begins with that of the
// one that has started it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

type cost struct {
	// StartedMs is the time of day at the start, in milliseconds since 1970.
	StartedMs float64 `json:"startedMs"`
	WallMs    float64 `json:"wallMs"`
	UserMs    float64 `json:"userMs"`
	SystemMs  float64 `json:"systemMs"`
	// PeakKiB is the most memory of any one of the processes.
	PeakKiB int64 `json:"peakKiB"`
}

func main() {
	if len(os.Args) < 3 {
		fail(errors.New("usage: measure FILE PROGRAM [ARGUMENT…]"))
	}
	child := exec.Command(os.Args[2], os.Args[3:]...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	started := time.Now()
	err := child.Run()
	wall := time.Since(started)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fail(err)
	}
	usage := child.ProcessState.SysUsage().(*syscall.Rusage)
	taken := cost{
		StartedMs: float64(started.UnixMicro()) / 1000,
		WallMs:    milliseconds(wall),
		UserMs:    milliseconds(time.Duration(usage.Utime.Nano())),
		SystemMs:  milliseconds(time.Duration(usage.Stime.Nano())),
		PeakKiB:   usage.Maxrss,
	}
	text, err := json.Marshal(taken)
	if err == nil {
		err = os.WriteFile(os.Args[1], text, 0o644)
	}
	if err != nil {
		fail(err)
	}
	if code := child.ProcessState.ExitCode(); code != 0 {
		os.Exit(max(code, 1))
	}
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "measure:", err)
	os.Exit(125)
}
