"""Two network namespaces as two hosts, between them a link of given bandwidth and delay, to try mpirun over a network.

Needs root. Where the kernel has no `netem`, a relay in this process delays the packets."""

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import tempfile
import threading
import time
from collections import deque

ADDRESS = "10.99.0."
NAMES = {1: "hwsseg1", 2: "hwsseg2"}


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


class Relay:
    """A link between two tunnel devices: each packet waits for those before it, and then for the delay."""

    def __init__(self, gigabits: float, milliseconds: float):
        self.seconds_per_byte = 8 / (gigabits * 1e9)
        self.delay = milliseconds / 1000
        self.ends = [self.device(name) for name in ("hwsseg-t1", "hwsseg-t2")]
        self.is_open = True
        self.threads = []
        for source, target in (self.ends, self.ends[::-1]):
            packets: deque[tuple[float, bytes]] = deque()
            arrived = threading.Semaphore(0)
            for work, end in ((self.read, source), (self.write, target)):
                self.threads.append(threading.Thread(target=work, args=(end, packets, arrived), daemon=True))
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        """Ends the threads before their devices are closed: the numbers of those will be other files'."""
        self.is_open = False
        for thread in self.threads:
            thread.join()
        for end in self.ends:
            os.close(end)

    @staticmethod
    def device(name: str) -> int:
        end = os.open("/dev/net/tun", os.O_RDWR)
        tunnel_without_header = 0x0001 | 0x1000
        fcntl.ioctl(end, 0x400454CA, struct.pack("16sH", name.encode(), tunnel_without_header))
        return end

    def read(self, end: int, packets: deque, arrived: threading.Semaphore) -> None:
        free = 0.0
        while self.is_open:
            if not select.select([end], [], [], 0.05)[0]:
                continue
            try:
                packet = os.read(end, 65536)
            except OSError:
                # The device is down, as it is at first.
                time.sleep(0.01)
                continue
            free = max(free, time.monotonic()) + len(packet) * self.seconds_per_byte
            packets.append((free + self.delay, packet))
            arrived.release()

    def write(self, end: int, packets: deque, arrived: threading.Semaphore) -> None:
        while self.is_open:
            if not arrived.acquire(timeout=0.05):
                continue
            due, packet = packets.popleft()
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            with contextlib.suppress(OSError):
                os.write(end, packet)


@contextlib.contextmanager
def two_hosts(gigabits: float | None = None, milliseconds: float = 0):
    """Yields the words that start a program on both hosts: mpirun with its options.

    `gigabits` is the bandwidth in each direction, none for as fast as the machine is; `milliseconds` the delay of each
    packet on its way."""
    for name in NAMES.values():
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        agent = os.path.join(folder, "agent")
        with open(agent, "w") as file:
            # mpirun calls it as it would call ssh.
            file.write(
                '#!/bin/bash\nhost=${1##*.}\nshift\n'
                'exec ip netns exec hwsseg$host unshare --uts bash -c "hostname host$host; $*"\n')
        os.chmod(agent, 0o755)
        try:
            for name in NAMES.values():
                ip("netns", "add", name)
            if milliseconds:
                relay = Relay(gigabits or 100, milliseconds)
                links = {1: "hwsseg-t1", 2: "hwsseg-t2"}
                for number, link in links.items():
                    ip("link", "set", link, "netns", NAMES[number])
            else:
                links = {1: "hwsseg-v1", 2: "hwsseg-v2"}
                peer = ("type", "veth", "peer", "name", links[2], "netns", NAMES[2])
                ip("link", "add", links[1], "netns", NAMES[1], *peer)
            for number, link in links.items():
                inside = ("-n", NAMES[number])
                ip(*inside, "addr", "add", f"{ADDRESS}{number}/24", "dev", link)
                if milliseconds:
                    ip(*inside, "link", "set", link, "mtu", "16000", "txqueuelen", "10000")
                ip(*inside, "link", "set", link, "up")
                ip(*inside, "link", "set", "lo", "up")
                if gigabits and not milliseconds:
                    limit = f"tbf rate {gigabits}gbit burst 1mb latency 50ms".split()
                    subprocess.run(
                        ["ip", "netns", "exec", NAMES[number], "tc", "qdisc", "add", "dev", link, "root", *limit],
                        check=True)
            options = [
                "--allow-run-as-root", "--bind-to", "none", "--host", f"{ADDRESS}1:1,{ADDRESS}2:1",
                "--mca", "plm_rsh_agent", agent, "--mca", "oob_tcp_if_include", f"{ADDRESS}0/24",
                "--mca", "btl_tcp_if_include", f"{ADDRESS}0/24", "--mca", "btl", "tcp,self", "--mca", "pml", "ob1",
            ]
            yield ["ip", "netns", "exec", NAMES[1], "unshare", "--uts", "bash", "-c",
                   'hostname host1; exec mpirun "$@"', "mpirun", *options]
        finally:
            if milliseconds:
                relay.close()
            for name in NAMES.values():
                subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
