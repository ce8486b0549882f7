#!/bin/bash
# Has the readers of files read a million damaged files, or as `fuzz --help` says; the arguments are passed to it. Exits
# with status 1 when there is a finding, whose bytes are then in the folder `findings`.
set -euo pipefail
cd "$(dirname "$0")/.."

(($#)) || set -- --inputs 1000000
swift build --product fuzz
exec "$(swift build --show-bin-path)/fuzz" "$@"
