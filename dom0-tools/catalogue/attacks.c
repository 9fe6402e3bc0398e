#include "catalogue/attacks.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xenometer.h"

/* A hostile domain by hand, served by `backend`; what dom0 has left of it at the end. */
#define START "fail() { echo \"not held: $*\"; exit 1; }; " \
    "gone() { for i in $(seq 100); do xl list $1 >/dev/null 2>&1 || return 0; sleep .1; done; fail $1 stays; }; " \
    "row() { for i in $(seq 500); do grep -q \"$1 (\" err && return; sleep .02; done; fail \"$1 did not begin\"; }; " \
    "start() { xl create pv.cfg \"kernel=\\\"$PWD/$1\\\"\" >&2 || fail cannot create a domain; }; "
#define RUN "./xenometer run --host=xen --configs=. --image=xenometer-test.elf --modes=pv --boots=1 --json "

static const char faults[] = START
    "for n in 1 2 3 4 5 6 7 8 9 10; do XENOMETER_FAULT=$n " RUN "--samples=3 "
    "ring/echo-4k-map ring/echo-4k-copy ring/echo-64b >out 2>err; s=$?; "
    "[ $s -lt 128 ] || fail \"the backend ended with $s when call $n failed\"; "
    "echo \"call $n fails: $(grep -o '\"reason\": \"[^\"]*' out | sort | uniq -c | head -1)\"; done; "
    RUN "ring/echo-64b >out || fail what failed left something behind; [ $(xl list | wc -l) = 2 ] || fail domains are left";

static const char read_only[] = START
    "truncate -s 1M image; sum=$(md5sum <image); start xenometer-test.elf; "
    "./xenometer disk xenometer-pv image --readonly --device=xvdc 2>disk.err & d=$!; sleep .3; "
    "./xenometer backend --once --image=xenometer-test.elf read-only/disk-f24-write >out; s=$?; wait $d; "
    "cat disk.err; [ $s = 0 ] || fail \"the row ended with $s: $(grep f24 out)\"; "
    "grep -q skip out && fail the disk was not read-only; [ \"$sum\" = \"$(md5sum <image)\" ] || fail the image was written";

/* Where there is one CPU: whoever is woken has it at once, and the domain what is left of it.  By
 * Xen's own limit a wake-up waits for a millisecond of the domain's, and any backend looks idle. */
static const char storm[] = START
    "r=$(xl sched-credit2 -s 2>/dev/null | sed -n 's/.*ratelimit=\\([0-9]*\\)us.*/\\1/p'); "
    "[ -z \"$r\" ] || { xl sched-credit2 -s -r 0; trap \"xl sched-credit2 -s -r $r\" EXIT; }; "
    "./xenometer backend -v --once --image=xenometer-test.elf hostile/long-f25-storm >out 2>err & b=$!; "
    "start xenometer-test.elf; xl sched-credit2 -d xenometer-pv -w 1 >&2; row hostile/long-f25-storm; "
    "spent() { cat /proc/$b/task/*/schedstat | { s=0; while read a x; do s=$((s + a)); done; echo $((s / 1000)); }; }; "
    "begin=$(spent); from=$(cut -d' ' -f1 /proc/uptime | tr -d .); sleep .8; "
    "used=$(($(spent) - begin)); time=$((($(cut -d' ' -f1 /proc/uptime | tr -d .) - from) * 10000)); "
    "wait $b || fail \"the row failed: $(cat err)\"; grep 'slowed down' err; "
    "echo \"the backend had the CPU for $used of $time us\"; "
    "[ $((used * 20)) -le $time ] || fail that is more than 5 in 100";

static const char reconnects[] = START "ulimit -n 64; "
    RUN "--row-deadline=600 hostile/long-net-f38-reconnects >out 2>err & b=$!; "
    "while kill -0 $b 2>/dev/null; do p=$(lsevtchn 0 | grep -c nterdomain); : ${first:=$p}; "
    "[ $p -gt ${most:-0} ] && most=$p; sleep .2; done; wait $b; s=$?; "
    "[ $s = 0 ] || fail \"after so many connections: $(cat err) $(grep reason out)\"; "
    "[ $most -le $((first + 16)) ] || fail \"$first event channels have become $most\"; "
    "[ $(xl list | wc -l) = 2 ] || fail domains are left; "
    "echo \"1,000 connections with 64 descriptors and $((most - first)) event channels\"";

static const char saved[] = START
    "./xenometer backend -v --samples=2000 hypercall/null ring/echo-64b >out 2>err & b=$!; "
    "start xenometer.elf; row ring/echo-64b; xl save xenometer-pv s >&2 || fail xl save; "
    "xl restore s >&2 || fail xl restore; rm s; gone xenometer-pv; kill $b; wait $b; s=$?; grep 'domain ' err; "
    "[ $s -lt 128 ] || fail \"the backend ended with $s\"; "
    "grep -q 'asked to suspend' out || fail the row under way says nothing; "
    "grep -q '(domain 2): done' err || grep -q 'domain [0-9]*): done' err || fail the restored domain was not served";

static const char killed[] = START
    "./xenometer backend -v --samples=8000 ring/echo-64b >out 2>err & b=$!; start xenometer.elf; "
    "row ring/echo-64b; kill -9 $b; "
    "timeout 20 ./xenometer backend --once --samples=100 ring/echo-64b >out 2>err || fail \"it is not taken over: $(cat err)\"; "
    "grep 'taken over' err || fail nobody says that it was taken over; gone xenometer-pv";

const struct attack attacks[] = {
#define F(n, attacker, defence, must) { "F" #n, attacker, defence, must, NULL, false }
#define S(n, attacker, defence, must, script) { "F" #n, attacker, defence, must, script, false }
#define B(n, attacker, defence, must) { "B" #n, attacker, defence, must, NULL, false }
    F(1, "req_prod runs away", "more requests than free slots break the ring (shared/ring.h, ring_back_fetch)",
      "the ring is given up; nothing of it is processed"),
    F(2, "req_prod moves backwards", "the same check: backwards is a huge difference (shared/ring.h)",
      "the ring is given up"),
    F(3, "indices are wrong already when it connects", "req_prod less rsp_prod must fit the ring (ring_back_attach)",
      "refused, and unmapped"),
    F(4, "asks for an answer more than the ring has slots", "a slot is free only once it is answered (ring_back_fetch)",
      "the ring is given up; no unread answer is written over"),
    F(5, "writes over rsp_prod and req_event", "the backend never reads back what it wrote (shared/ring.h)",
      "served as before"),
    F(6, "changes a request between check and use", "copied once, then checked: XSA-155 (ring_back_take)",
      "an error or the right answer"),
    F(7, "changes an indirect request's segments between check and use",
      "the page of segments is copied once (backend/vbd.c, read_indirect)", "an error or the right answer; the disk as it was"),
    F(8, "grant references that are bad, another's or unused", "each operation's status counts (backend/data.c, vbd.c, vif.c)",
      "that request fails, the next succeeds"),
    F(9, "one bad reference inside a batch", "every status is looked at: CVE-2021-26930 (copy_pages, copy_segments)",
      "only what is bad fails, and nothing stays mapped"),
    { "F10", "makes calls fail that hardly ever do", "no error of a peer's making ends the backend: CVE-2021-26931",
      "an error with its reason, call by call", faults, true },
    F(11, "withdraws a grant before it is used", "grant copies and maps with a status, no reads of foreign memory that fault",
      "an error"),
    F(12, "wants back what is mapped", "a set is kept until it is dropped, and one at a time (backend/services.c, keep)",
      "its own pages back once it says so"),
    F(13, "grants a page to be read, and asks to write", "Xen refuses, and its status is an error", "an error"),
    F(14, "maps that fail in part, again and again", "all or nothing: CVE-2022-50257 (backend/device.c, map)",
      "no map is lost"),
    F(15, "a segment whose first sector is behind its last, or outside its page",
      "checked before anything is copied (backend/blkif.c, take_segments; services.c, bytes_fit)", "an error, and nothing copied"),
    F(16, "offset and length past the page, or wrapping at 32 bits", "widened before they are added (services.c, bytes_fit; netif.c)",
      "an error"),
    F(17, "no segments, or too many", "counted before they are read (backend/blkif.c, services.c, run_fits)", "an error"),
    F(18, "an indirect count that is too large", "bounded before use (backend/blkif.c, read_indirect)", "an error"),
    F(19, "a chain of more slots than there are", "a chain ends in the ring, and has 18 slots at most (backend/netif.c)",
      "the ring is given up; no endless loop"),
    F(20, "sectors that wrap, or lie behind the disk's end", "compared without adding (backend/blkif.c, inside)",
      "an error; the disk as it was"),
    F(21, "operations that are none", "answered: not supported (backend/blkif.c, services.c)", "an answer"),
    F(22, "the same id for several requests", "an id is copied into the answer and used for nothing", "an answer to each"),
    F(23, "reads what an answer leaves of the stack", "answers are zeroed, or end where they end: XSA-216 (services_answer, store_response)",
      "nothing but its answer"),
    S(24, "writes to a read-only disk", "checked at each request (backend/blkif.c, choose); the image is open for reading only",
      "an error; the image as it was", read_only),
    S(25, "a storm of events without work", "each event for nothing delays the next unmask, to 128 ms (backend/channel.c)",
      "the backend idle; one request after it is answered", storm),
    F(26, "a storm with a request now and then", "work is forgiven; a turn has a budget, and then the others' (services_turn)",
      "every request answered"),
    F(27, "never takes what comes back", "no buffer, no frame: dropped, nothing is queued (backend/vif.c)", "frames lost, memory flat"),
    F(28, "never notifies", "the backend sleeps until an event comes; no poll (backend/loop.c)", "nothing until it does"),
    F(29, "writes its state over and over", "a watch is noted once and looked up once (backend/host.c, mark)", "the last state counts"),
    F(30, "states that are none, or out of order", "anything else than the next is the end, with the reason (check_frontend)",
      "closed, with the reason in `error`"),
    F(31, "Connected, again and again", "ignored once connected (check_frontend)", "one mapping"),
    F(32, "keys that are missing, garbage, negative or huge", "one strict parser (backend/keys.c)", "refused, naming path and value"),
    F(33, "a protocol nobody knows", "only what was offered (backend/vbd.c, read_keys; vif.c)", "refused"),
    F(34, "a ring of more pages than were offered", "bounded before anything is allocated (backend/vbd.c, keys.c)", "refused"),
    F(35, "an event channel that is none, or is used already", "a bind that fails unwinds it all (backend/split.c, connect)", "refused"),
    F(36, "changes its keys after it connected", "read once (struct frontend_keys)", "served as before"),
    F(37, "dies in the middle", "the domain's end unmaps and unbinds everything (backend/device.c, disconnect)",
      "gone from `xl list`"),
    S(38, "disconnects and connects 1,000 times", "a disconnect gives back what the connection took (backend/split.c)",
      "64 descriptors are enough, and no event channel is lost", reconnects),
    F(39, "a bad request, and gone", "what a request took is given back before its answer (backend/services.c)", "the end, cleanly"),
    S(40, "is saved and restored in the middle", "control/shutdown is heard in a row, and the device closed (domU-kernel/xen/suspend.c)",
      "the row is an error that says so; the restored domain is served", saved),
    F(41, "fills XenStore until its quota ends it", "the backend writes as dom0, into its own directory", "served as before, and so are others"),
    S(42, "its backend is killed and another started", "the frontend sees the state and connects anew (domU-kernel/drivers/device.c)",
      "taken over; the row is measured anew", killed),
    B(1, "rsp_prod runs away", "more answers than open requests break the ring (shared/ring.h, ring_front_look)", "the device is off, by name"),
    B(2, "an answer's id is out of range", "compared with what is open (drivers/vbd.h, vbd_take_id; vif.c)", "the device is off, by name"),
    B(3, "answers twice, or what nobody asked", "each id is open or not (disk.asked[]; vif.posted)", "the device is off, by name"),
    B(4, "answers another operation than was asked", "the answer must name the one that is open (vbd_take_other)", "the device is off, by name"),
    B(5, "changes an answer between check and use", "each word is read once (vbd_take_id, ring_front_take)", "one value"),
    B(6, "writes over requests in their slots", "what was asked is kept in private memory (struct row_disk, struct vif)", "served as before"),
    B(7, "a storm of events", "an upcall counts and goes on (domU-kernel/xen/events.c)", "the guest makes progress"),
    B(8, "keeps a page mapped", "a grant in use is not withdrawn, its page stays aside: XSA-396 (grant_end, data_pages_end)",
      "the page is nobody else's"),
    B(9, "reads what a granted page held before", "pages are zeroed when they are taken: XSA-403 (arch/x86/memory.c, pages_alloc)", "zeroes"),
    B(10, "never answers", "dom0 gives the row up after its time (device_give_up, event_give_up)", "an error, by name, and no hang"),
    B(11, "an answer longer than the buffer", "offset and length within the page (drivers/vif.c)", "the device is off, by name"),
    B(12, "absurd features, sizes of zero", "numbers are read strictly and bounded (xen/xenbus.c, xenbus_number)", "an error that names the key"),
    B(13, "closes in the middle", "the state is asked when an event has come (xenbus_hopeless)", "an error with the requests accounted for"),
    B(14, "answers with an address where the id was", "ids are indices, below the depth (vbd_take_id)", "the device is off, by name"),
    B(15, "stirs the grant table", "its version is set once, before the first grant (xen/grants.c)", "the version, and grants that work"),
};
const size_t attack_count = sizeof(attacks) / sizeof(attacks[0]);

bool attack_by_backend(const struct attack *a)
{
    return a->id[0] == 'B';
}

/* Rows of these groups try cases, but for those that take long: scripts and tests run them. */
static bool is_tried(const char *row, bool by_backend)
{
    bool mine = by_backend ? !strncmp(row, "evil/", 5)
                           : !strncmp(row, "hostile/", 8) || attack_row_alone(row);

    return mine && !strstr(row, "/long-");
}

bool attack_has_row(const struct attack *a, const char *row)
{
    size_t length = strlen(a->id);
    const char *name = strchr(row, '/');

    if ( !is_tried(row, attack_by_backend(a)) )
        return false;
    /* Its id is a word of the name. */
    for ( ; name; name = strpbrk(name, "-/") )
    {
        name++;
        if ( !strncasecmp(name, a->id, length) && (name[length] == '-' || !name[length]) )
            return true;
    }
    return false;
}

bool attack_row_alone(const char *row)
{
    return !strncmp(row, "broken-", 7);
}

struct attack_right attack_right(const char *explanation)
{
    static const char separator[] = "; says ";
    struct attack_right r = { .outcome = xstrdup(explanation) };
    char *at = strstr(r.outcome, separator);

    if ( at )
    {
        r.says = xstrdup(at + strlen(separator));
        *at = '\0';
    }
    at = strstr(r.outcome, ": ");
    if ( at )
    {
        r.reason = at[2] ? xstrdup(at + 2) : NULL;
        *at = '\0';
    }
    return r;
}

void attack_right_free(struct attack_right *r)
{
    free(r->outcome);
    free(r->reason);
    free(r->says);
    *r = (struct attack_right){ 0 };
}
