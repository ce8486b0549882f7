#!/bin/bash
# Installs the Debian packages with the C libraries, those that are missing, and checks that there is a Swift compiler.
# More packages may be named, such as those of Open MPI.
set -euo pipefail

packages=(libnifti-dev zlib1g-dev libopenblas-dev libdnnl-dev pkg-config "$@")
missing=()
for package in "${packages[@]}"; do
  [[ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)" == *"ok installed" ]] || missing+=("$package")
done
if ((${#missing[@]})); then
  as_root=()
  ((EUID == 0)) || as_root=(sudo)
  echo "Installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
fi

if ! command -v swift >/dev/null; then
  echo "There is no Swift compiler: install Swift 6 from https://www.swift.org/install/linux" \
    "and put it on the PATH." >&2
  exit 1
fi
