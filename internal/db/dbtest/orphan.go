package dbtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// stopWithProcess lets a small shell watch this process and stop the cluster
// when it is gone: a test process has no hook that also runs after a panic.
func stopWithProcess(c *Cluster) error {
	script := fmt.Sprintf(`while kill -0 %d 2>/dev/null; do sleep 0.3; done; kill -QUIT $(head -n 1 %s); sleep 0.5; rm -rf %s`,
		os.Getpid(), filepath.Join(c.dir, "data", "postmaster.pid"), c.dir)
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}
