# SPDX-License-Identifier: Apache-2.0
# What the server scripts share; sourced by them.

fail() { echo "${0##*/}: $*" >&2; exit 1; }

# free_ports N: N loopback ports that nobody uses now, one a line.
free_ports() {
    python3 - "$1" <<'EOF'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])
EOF
}

# A pid file holds the process id and its start time, so that a recycled id is never signalled.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
    local pid since
    [ -f "$1" ] && read -r pid since <"$1" && [ -n "$since" ] && [ "$(started_at "$pid")" = "$since" ] &&
        ! grep -q '^State:.Z' "/proc/$pid/status"
}

# spawn PIDFILE LOG OWNER COMMAND...: run it in the background in a session of its own.
spawn() {
    local pidfile=$1 log=$2 owner=$3 pid
    shift 3
    : >"$log"
    (exec setsid "$@") >>"$log" 2>&1 </dev/null &
    pid=$!
    echo "$pid $(started_at "$pid")" >"$pidfile"
    disown "$pid"
    [ -z "$owner" ] || follow "$owner" "$pidfile"
}

# follow OWNER PIDFILE: end the process of the pid file once the owner is gone.
follow() {
    (
        trap '' INT TERM HUP
        while kill -0 "$1" && alive "$2"; do sleep 1; done
        ! alive "$2" || end KILL "$2"
    ) >/dev/null 2>&1 </dev/null &
    disown $!
}

# await SECONDS PIDFILE LOG COMMAND...: wait till COMMAND succeeds; fail with the log's end if the process ends before.
await() {
    local deadline=$((SECONDS + $1)) pidfile=$2 log=$3
    shift 3
    until "$@" >/dev/null 2>&1; do
        alive "$pidfile" || fail "ended while starting; the end of $log:
$(tail -n 15 "$log")"
        [ $SECONDS -lt $deadline ] || { end KILL "$pidfile"; fail "not ready in time; see $log"; }
        sleep 0.1
    done
}

# end SIGNAL PIDFILE...: signal each process and wait till it is gone, with SIGKILL after 10 s.
end() {
    local signal=$1 pidfile pid waited
    shift
    for pidfile; do
        [ ! -f "$pidfile" ] || ! alive "$pidfile" || kill -s "$signal" "$(cut -d' ' -f1 "$pidfile")" || true
    done
    for pidfile; do
        for ((waited = 0; waited < 200; waited++)); do
            alive "$pidfile" || break
            [ $waited != 100 ] || kill -s KILL "$(cut -d' ' -f1 "$pidfile")" || true
            sleep 0.1
        done
        rm -f "$pidfile"
    done
}
