#!/usr/bin/env bash
# What the working tree costs beside another commit: [PRESET=NAME|FILE] scripts/compare_commits.sh COMMIT EVENTS [ROUNDS]
# Installs both into a temporary folder, compiles their kernels and reconstructs EVENTS (SOURCE of the README) with each
# in turn, ROUNDS times (5).  Uses PYTHON, or else .venv/bin/python, for what Clew needs.
set -euo pipefail

fail() { echo "compare_commits: $*" >&2; exit 2; }

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    fail "usage: [PRESET=NAME|FILE] scripts/compare_commits.sh COMMIT EVENTS [ROUNDS]"
fi
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
rounds=${3:-5}
command -v "$python" > /dev/null || fail "no Python at $python: run make demo or set PYTHON"
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "ROUNDS is $rounds, which is no number from 1"
commit=$(git -C "$root" rev-parse --verify --quiet "$1^{commit}") || fail "this repository has no commit $1"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

install() {  # tree of git, name of the folder
    mkdir "$folder/$2-source"
    git -C "$root" archive "$1" | tar -x -C "$folder/$2-source"
    "$python" -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --no-compile \
        --target "$folder/$2" "$folder/$2-source" || fail "cannot install $2"
}

# an index of its own sees files that are not committed, and leaves git's alone
tree=$(cd "$root" && export GIT_INDEX_FILE="$folder/index" && git add --all && git write-tree)
install "$commit" commit
install "$tree" working

"$python" "$root/scripts/reconstruct_timed.py" "$2" --rounds "$rounds" --preset "${PRESET:-clew}" \
    --side "$1" "$folder/commit" --side "working tree" "$folder/working"
