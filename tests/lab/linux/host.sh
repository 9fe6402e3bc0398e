# A Linux host that is no lab, with what may be missing there, and runs that are ended in the middle: `run
# --host=this` in the lab's Linux.  host.tar has the program and its libraries (tests/lab/test_paradigms_trouble.c).
tar xf host.tar
export LD_LIBRARY_PATH=$PWD/libraries

run() {
    echo "== $1"
    shift
    "$@" 2>&1 | tr '\n' ' ' | tr -s ' '
    echo
}

# Mounts, directories, containers, cgroups, processes, links; namespaces of networks beyond the machine's own.
left() {
    for p in /proc/[0-9]*; do
        case "$(readlink $p/exe)" in */xenometer-app|*/crun|*/xenometer-vmm|*/xenometer-wire|*/qemu-*) echo "process ${p#/proc/}" ;; esac
    done
    grep xenometer /proc/mounts
    ls -d /tmp/xenometer-* /run/crun/* /sys/fs/cgroup/xenometer* 2>/dev/null
    grep -o 'veth[0-9]*' /proc/net/dev
    for p in /proc/[0-9]*; do readlink $p/ns/net; done | sort -u | tail -n +2
}

measure="./xenometer run --host=this --boots=1"
run whole $measure -m native,namespaces,seccomp,container app/getppid
run left left

cut() {
    $measure "$@" >/dev/null 2>&1 &
    pid=$!
    tries=0
    while [ -z "$(left)" ] && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    sleep 1.5
    [ -n "$(left)" ] && echo "in the middle"
    kill -$signal $pid
    wait $pid 2>/dev/null
    echo "status $?"
    sleep 2
    left
}
for signal in TERM KILL; do
    run "container $signal" cut -m container app
    run "native $signal" cut -m native 'mechanism/enter-*' 'mechanism/veth*' 'mechanism/bridge*'
done

# KVM is there: the CPU of the machine below has virtualization.
kvm="exit/cpuid-basic net/virtio"
run kvm $measure -m kvm,kvmpc $kvm
for signal in TERM KILL; do
    run "kvm $signal" cut -m kvmpc --samples=8192 'net/*'
done

mkdir -p /etc
echo "nobody:x:65534:65534::/:/bin/sh" >>/etc/passwd
chmod 755 . / /tmp
chmod 1777 /tmp
run nobody su nobody -c "$measure -m native,container app/getppid mechanism/enter-pid mechanism/veth-udp-64b"

run kvm-root su nobody -c "$measure -m kvm $kvm"
chmod 666 /dev/kvm
run kvm-nobody su nobody -c "$measure -m kvm,kvmpc $kvm"
chmod 666 /dev/net/tun
run kvm-user su nobody -c "$measure -m kvm,kvmpc $kvm"
rm /dev/net/tun
run kvm-tap $measure -m kvm,kvmpc $kvm

# Whom nobody may trace, until the next boot.
[ -e /proc/sys/kernel/yama/ptrace_scope ] && echo 3 >/proc/sys/kernel/yama/ptrace_scope
run traced $measure -m native app/getppid mechanism/ptrace mechanism/seccomp-trace

echo 0 >/proc/sys/user/max_user_namespaces
run users $measure -m native,namespaces,container app/getppid mechanism/namespace-user mechanism/enter-user
echo 1000 >/proc/sys/user/max_user_namespaces

# As cgroup v1 has it: controllers in a tmpfs.
umount /sys/fs/cgroup
mount -t tmpfs none /sys/fs/cgroup
run version1 $measure -m native,container app/getppid mechanism/cgroup-eventfd
run left left
echo "== end"
