#!/usr/bin/env bash
# Opens the real window under Xvfb, drops a model on it by XDND, and looks for its operators in the accessibility tree,
# in both themes.   tests/window/run.sh PATH/TO/emberlab [FOLDER FOR SCREENSHOTS]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=$(realpath "$1")
shots=${2:-}

if [ "${EMBERLAB_WINDOW_SESSION:-}" != yes ]; then
    # A session of its own: nothing of the user's desktop is read or changed.
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    mkdir -m 700 "$home/runtime"
    env EMBERLAB_WINDOW_SESSION=yes HOME="$home" XDG_RUNTIME_DIR="$home/runtime" XDG_CONFIG_HOME="$home/config" \
        XDG_DATA_HOME="$home/data" LIBGL_ALWAYS_SOFTWARE=1 NO_AT_BRIDGE=0 \
        timeout 300 dbus-run-session -- bash "$here/run.sh" "$program" ${shots:+"$(realpath "$shots")"}
    exit
fi

pids=()
stop() { for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; }
trap stop EXIT

exec {ready}<> <(:)
Xvfb -displayfd "$ready" -screen 0 1440x900x24 -nolisten tcp 2>/dev/null &
pids+=($!)
read -r number <&"$ready"
export DISPLAY=":$number"

# A screen reader would switch this on; without it the app does not publish its tree.
for property in IsEnabled ScreenReaderEnabled; do
    gdbus call --session --dest org.a11y.Bus --object-path /org/a11y/bus --method \
        org.freedesktop.DBus.Properties.Set org.a11y.Status "$property" '<true>' >/dev/null
done

passed=0
for theme in dark light; do
    "$program" --theme "$theme" &
    app=$!
    pids+=("$app")
    /usr/bin/python3 "$here/tree.py" wait 30 "Open file"
    /usr/bin/python3 "$here/xdnd.py" Emberlab "$root/assets/examples/keyword_spotting.tflite"
    /usr/bin/python3 "$here/tree.py" wait 30 "Operator 0, " "Operator 1, " "keyword_spotting.tflite"
    /usr/bin/python3 "$here/tree.py" press "Arena"
    /usr/bin/python3 "$here/tree.py" wait 15 "Smallest that allocates" "Tensor "
    if [ -n "$shots" ]; then import -window root "$shots/window-$theme.png"; fi
    kill "$app"
    wait "$app" 2>/dev/null || true
    passed=$((passed + 1))
    echo "the window takes a dropped model and shows its operators and its memory map: $theme theme"
done
echo "$passed passed, 0 failed"
