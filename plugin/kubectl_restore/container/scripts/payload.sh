# shellcheck shell=sh
# What comes on stdin behind a command: data for a program, or a question's names.

# What takes the stream of members.
unpacker='tar -x'

# Copy $1 bytes from stdin to stdout, and read none beyond. 64 KiB blocks: dd's buffer counts
# against the container's memory limit.
take() {
    case $framing in
    dd)
        if [ "$1" -ge 65536 ]; then
            dd bs=65536 count="$(($1 / 65536))" iflag=fullblock 2>/dev/null || return
        fi
        if [ "$(($1 % 65536))" -gt 0 ]; then
            dd bs="$(($1 % 65536))" count=1 iflag=fullblock 2>/dev/null
        fi
        ;;
    head) head -c "$1" ;;
    # The chunk comes as the only member of an archive, at whose end mark this tar stops. Of nothing
    # (a batch without directories notes none) there is no archive.
    *) [ "$1" = 0 ] || tar -x -O -f - ;;
    esac
}

# Of $1 bytes in $packed ones, a gzip member.
unpacked() { take "$packed" | gzip -dc; }

zeros() {
    case $framing in
    tar) head -c "$1" ;;
    *) take "$1" ;;
    esac </dev/zero
}

# A payload that stops short: its consumer must not take that for the end (bsdtar then fills the
# file under way with zeros to its full size and gives it its time).
end_consumer() {
    set +f
    for _ in 1 2; do
        found=''
        for file in $(having "KUBECTL_RESTORE_FOR=$token" environ); do
            process=${file#/proc/}
            kill -s KILL "${process%%/*}" 2>/dev/null && found=yes
        done
        [ -z "$found" ] || break
        # It may be about to start; or it has ended by itself.
        sleep 1
    done
}

# Copy a payload from stdin to stdout; $1 is `acknowledge` or `quietly`.
# 0: whole; 1: the client gave it up; 2: the stream ended; 3: not the protocol; 4: a copy failed.
receive() {
    pieces "$1"
    received=$?
    # The client gives up when the consumer has ended. The shell's own (toolbox.sh) knows an end.
    case $received/$unpacker in 0/* | 1/* | */unfold) ;; *) end_consumer ;; esac
    return "$received"
}

pieces() {
    while read -r length flight; do
        copy=take
        case $length in
        end) return 0 ;;
        abort) return 1 ;;
        zeros) copy=zeros length=${flight%% *} flight=${flight#"${flight%% *}"} ;;
        packed)
            copy=unpacked packed=${flight%% *} flight=${flight#* }
            length=${flight%% *} flight=${flight#"${flight%% *}"}
            case $packed in '' | *[!0-9]*) return 3 ;; esac
            ;;
        esac
        case $length in '' | *[!0-9]*) return 3 ;; esac
        flight=${flight# }
        if [ "$flight" ]; then
            # Two files by turns: one is whole at any moment.
            serial=$((1 - serial))
            echo "$flight" >"$lease/flight.${flight%% *}.$serial"
        fi 2>/dev/null
        "$copy" "$length" || return 4
        [ "$1" = quietly ] || say ack "$length"
    done
    return 2
}

# Run the consumer "$@" on the payload that comes on stdin, its own stdout on descriptor 5. When it
# ends, say so at once, then take what is still under way, so that the sender never breaks.
consume() {
    # In a shell of its own: zsh sends the signal that ended one part of a pipeline to the others.
    (
        KUBECTL_RESTORE_FOR=$token "$@" >&5 3>&- 5>&-
        ended=$?
        # ksh93 says 256 and the signal.
        [ "$ended" -lt 256 ] || ended=$((ended - 128))
        say exit "$ended"
    )
    $copier >/dev/null 2>&1
}

# Answer a question: its payload calls `q`, which calls $question; descriptor $1 is its stderr.
ask() {
    hear
    received=$?
    if [ "$received" = 0 ]; then (eval "$text") 2>&"$1" </dev/null; fi
    text=''
    finished "$received"
}

# shellcheck disable=SC2317,SC2329 # called by what the client sends
q() {
    first=$1
    shift
    count=$#
    "$question" "$@"
    say asked "$first" "$count"
}

# Take a question's payload, to the byte, into $text. Returns what `receive` does.
hear() {
    text=''
    while read -r length _; do
        case $length in
        end) return 0 ;;
        abort) return 1 ;;
        '' | *[!0-9]*) return 3 ;;
        esac
        piece=$(take "$length" && echo .)
        piece=${piece%.}
        [ "${#piece}" = "$length" ] || return 4
        text=$text$piece
    done
    return 2
}

finished() {
    say "done" "$1"
    echo "$token done $token" >&2
}
