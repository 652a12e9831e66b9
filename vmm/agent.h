/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines between lxtop-vmm and lxtop-guest on the virtio-console port AGENT_PORT_NAME.
 *
 * Text, "WORD ARGUMENT...\n", at most AGENT_LINE_MAX bytes with the newline.  The VMM treats all
 * of it as hostile: an unknown word or a line too long is dropped and counted.
 *
 * Guest to VMM:  "phase root"      root file system mounted
 *                "init NAME"       the distro's init: systemd, openrc, sysvinit, busybox, own
 *                "ready WORD"      distro ready ("running", or "degraded" for systemd)
 *                "conf FILE NAME=VALUE"  the distro's wsl.conf (FILE 0) or wsl-distribution.conf (1) says so
 *                "note TEXT"       for the user: shown with the boot (journal recovery, ...)
 *                "export on"       the distro's / is served on GUEST_FILES_PORT; "export off": not
 *                "listen PORT"     a server of the distro listens at this TCP port; "unlisten PORT": not any
 *                                  more.  Only with lxtop.listen on the command line.
 *                "down"            the guest has begun to go down
 *                "fail TEXT"       cannot boot the distro: reason; the guest then powers off
 *                "frozen yes"      / is held still, all of it is on the disk; "frozen no": it cannot be
 * VMM to guest:  "stop"            power off in order
 *                "restored NS SEED NAME ID"  the machine went on from a snapshot: the time (nanoseconds since
 *                                  1970), 32 new random bytes (hexadecimal), its name if that is another than
 *                                  the saved machine's, else "-"; of such a copy the machine id that it boots
 *                                  with, else "-"; answered by "ready"
 *                "freeze"          hold / still for a snapshot, for 15 s at most; answered by "frozen"
 *                "thaw"            let go
 *                "time S.N"        what time it is on the host: seconds since 1970 and nine digits
 *
 * On the vsock port GUEST_FILES_PORT (core/base/guest_ports.h) the guest serves 9P2000.L (p9/server.h): the tree at / of its
 * PID 1 as its root sees it, each request as the user whose number the attach gave.  Only the host
 * (CID 2) is served.  Sessions are on a port of their own: core/base/session_msg.h.
 *
 * Before the port exists /init tells its first act by writing BOOT_MARK_INIT to the I/O port
 * BOOT_MARK_PORT (Cloud Hypervisor's convention); 123 to the MMIO address BOOT_TIMER_ADDRESS
 * (Firecracker's) counts as the same.
 */
#ifndef VMM_AGENT_H
#define VMM_AGENT_H

#define AGENT_PORT_NAME "lxtop.agent"
#define AGENT_LINE_MAX 1024

#define BOOT_MARK_PORT 0x80
#define BOOT_MARK_INIT 0x41
#define BOOT_TIMER_ADDRESS 0xC0000000
#define BOOT_TIMER_VALUE 123

#endif
