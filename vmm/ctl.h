/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket of lxtop-vmm: wire names only, shared with core, which links nothing of vmm.
 *
 * A Unix stream socket, `ctl.sock`.  Each side sends JSON objects, one a line ("\n"), at most
 * CTL_LINE_MAX bytes.  A request is {"cmd": NAME, ...}; its reply is {"ok": true, ...} or
 * {"ok": false, "error": TEXT}; replies keep the order of requests.  Try it:
 *
 *     echo '{"cmd":"status"}' | socat - UNIX:$XDG_RUNTIME_DIR/lxtop/NAME/ctl.sock
 *
 * Commands (fields of the request; fields of the reply):
 *   status   -; "state" (CTL_STATE_*), "pid", "cpus", "memory" (bytes), "kernel", "init" (name of
 *            the distro's init or ""), "ready" (its word once it is: "running", "degraded"; or ""),
 *            "phases" (see below), "agent" (bool), "paused" (bool),
 *            "notes", "conf" (texts of the guest's: agent.h), "export" (bool: the distro's files are served on vsock, agent.h)
 *   stats    -; "uptime_us", "cpus": [{"time_us"}], "vcpu_us" (sum), "exits": {REASON: count},
 *            "memory": {"size","resident","overhead"} (bytes: guest RAM given, of it resident on
 *            the host, private memory of the process beside it) and, from the second time within some
 *            seconds on, "guest_used" (memory as the guest counts it, when its kernel tells), "devices": [{"name","class",
 *            "requests","read_bytes","write_bytes","errors","latency_us_sum","latency_us_max"}],
 *            "sessions" (programs of the host that are connected to the guest's services now).
 *            Counters only grow; the reader makes rates of two samples and "now_us".
 *   pause, resume   -; -
 *   stop     "deadline_ms" (default 10000), "force" (bool); replies at once, then events tell
 *   resize   "rows", "cols", of the console port; -
 *   console  -; after the reply line the connection is no more JSON: bytes to and from the guest's
 *            console, first the kept log (at most CTL_CONSOLE_KEPT bytes), then live.
 *            What the client sends behind the request is typed already.
 *   forward  "add" or "remove": "[HOST:]PORT:GUESTPORT[/udp]" (core/base/forward.h), or neither;
 *            "forwards": all there are, as such texts, of these "automatic": those that nobody asked
 *            for (auto_forward.h), and "offered": what could be added, a server of the guest listens
 *            there.  They last as long as the machine.
 *   save     "path": folder to make (vmm/snapshot.h), "then": "resume" or "end"; "pause_us": how long the
 *            machine stood still, "memory_bytes": of guest memory that were written meanwhile:
 *            all, or what changed since it was restored or last saved.  With "end" the machine ends (EXIT_SUSPENDED) without another instruction of the guest's.
 *   snapshot "disk" (id of a disk), "from", "to" (paths); "frozen" (bool: the guest's file system was
 *            held still): what the disk holds now stays as it is; what is written from now on goes to the
 *            empty qcow2 image "from", which is renamed to "to" between the two.  The reply comes when it
 *            is done, at most about ten seconds later; the connection's other requests wait for it.
 *            With "memory" (folder to make, vmm/snapshot.h) the machine is saved in the same moment and goes on;
 *            "pause_us", "memory_bytes" as for save; "memory_error":
 *            the disk's snapshot is there, but why not this.
 *   idle     "timeout_ms": ends by itself once nobody has used it for so long (vmm/idle.h); 0: never.
 *            Counts from now; -
 *   use      -; - or an error: it is stopping.  Else it will not end for idleness before the caller has
 *            connected, for which there is a minute
 *   events   -; from now on this connection also receives events
 *
 * Events: {"event": NAME, "now_us": N, ...}
 *   phase    "phase", "at_us" (since process start)
 *   state    "state"
 *   paused   "paused" (bool)
 *   export   "on" (bool): the distro's files are served now, or not any more
 *   listen   "port", "what": a server in the guest listens there, and the port is "automatic" (forwarded
 *            now), "offered", or it does not any more: "gone" (auto_forward.h)
 *   exit     "reason" (CTL_EXIT_*), "detail"; the last one, the process ends
 *
 * Phases, in the order of a boot, microseconds since the process was executed:
 *   "start" (main entered), "vm" (VM and vCPUs created), "kernel" (first KVM_RUN), "init" (/init's
 *   first act), "root" (root file system mounted), "ready" (distro ready).
 */
#ifndef VMM_CTL_H
#define VMM_CTL_H

#define CTL_LINE_MAX 65536
#define CTL_CONSOLE_KEPT (256 * 1024)
#define CTL_STOP_DEADLINE_MS 10000

enum ctl_phase { PHASE_START, PHASE_VM, PHASE_KERNEL, PHASE_INIT, PHASE_ROOT, PHASE_READY, PHASES };
#define CTL_PHASE_NAMES {"start", "vm", "kernel", "init", "root", "ready"}

/* State of a machine in "status": running begins with PHASE_READY. */
#define CTL_STATE_STARTING "starting"
#define CTL_STATE_RUNNING "running"
#define CTL_STATE_STOPPING "stopping"

/*
 * Why the process ended: its word in the "exit" event and in run.json, and its exit status.
 * EXIT_NONE is what run.json says while the process lives; if the lock is free and the word is
 * still this one, the process was killed from outside.
 */
enum ctl_exit {
    EXIT_NONE,
    EXIT_POWEROFF,     /* guest powered off */
    EXIT_STOPPED,      /* asked to stop, guest powered off within the deadline */
    EXIT_SUSPENDED,    /* saved to a snapshot that ends the machine */
    EXIT_IDLE,         /* stopped by itself, in order, as nobody used it */
    EXIT_FORCED,       /* asked to stop by force, or the deadline passed */
    EXIT_REBOOT,       /* guest reset itself */
    EXIT_PANIC,        /* guest kernel panic: "detail" has its line */
    EXIT_TRIPLE_FAULT, /* a vCPU shut down */
    EXIT_VMM_ERROR,    /* KVM or the VMM failed: "detail" says how */
    EXITS
};
struct ctl_exit_info {
    const char *name;
    int status; /* exit status of the process */
    int failed; /* the distro's state is "failed", not "stopped" */
};
#define CTL_EXIT_TABLE                                                                             \
    {                                                                                              \
        [EXIT_NONE] = {"none", 0, 1}, [EXIT_POWEROFF] = {"poweroff", 0, 0},                        \
        [EXIT_STOPPED] = {"stopped", 0, 0}, [EXIT_SUSPENDED] = {"suspended", 0, 0},                  \
        [EXIT_IDLE] = {"idle", 0, 0}, [EXIT_FORCED] = {"forced", 10, 0},                              \
        [EXIT_REBOOT] = {"reboot", 11, 0}, [EXIT_PANIC] = {"panic", 12, 1},                        \
        [EXIT_TRIPLE_FAULT] = {"triple-fault", 13, 1}, [EXIT_VMM_ERROR] = {"vmm-error", 1, 1},     \
    }

#endif
