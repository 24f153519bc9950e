# What the scripts of this folder share. Sourced, not run.
#
# Each script fetches pinned public packages into a temporary folder, runs them there on valid input that it makes itself,
# and compares what it sees with what was seen when it was written. Nothing is installed on the machine.
#   exit 0  as described        exit 1  the behaviour has changed        exit 2  cannot run here (no package, no network)

set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cannot() {
  printf 'cannot run here: %s\n' "$*" >&2
  exit 2
}

# debian NAME=VERSION …: unpacks these packages of Debian 12 with all that they need; `in_debian COMMAND …` runs them.
debian() {
  command -v apt-get >/dev/null || cannot "apt-get is missing"
  mkdir -p archives/partial root
  : >status
  apt-get -qq -y --no-install-recommends -o Dir::State::status="$work/status" -o Dir::Cache::archives="$work/archives" \
    -o Debug::NoLocking=1 --download-only install "$@" >apt.log 2>&1 || { tail -3 apt.log >&2; cannot "$* cannot be fetched (try apt-get update)"; }
  local package
  for package in archives/*.deb; do
    dpkg-deb -x "$package" root
  done
}

in_debian() {
  local lib=$work/root/usr/lib/x86_64-linux-gnu
  local python
  python=$(find "$work/root/usr/lib/python3" -maxdepth 1 -name dist-packages 2>/dev/null || true)
  env PATH="$work/root/usr/bin:$PATH" LD_LIBRARY_PATH="$lib:$lib/blas:$lib/lapack:$work/root/lib/x86_64-linux-gnu" \
    GDAL_DATA="$work/root/usr/share/gdal" PROJ_LIB="$work/root/usr/share/proj" PROJ_DATA="$work/root/usr/share/proj" \
    PYTHONPATH="$python" PYTHONNOUSERSITE=1 LC_ALL=C.UTF-8 "$@"
}

# A Python script of Debian's, by Debian's own Python.
in_debian_python() {
  local script=$1
  shift
  in_debian "$work/root/usr/bin/python3" "$work/root/usr/bin/$script" "$@"
}

# pypi NAME==VERSION …: installs these wheels; `in_pypi COMMAND …` runs them.
pypi() {
  command -v python3 >/dev/null || cannot "python3 is missing"
  python3 -m venv venv >venv.log 2>&1 || cannot "python3 -m venv fails"
  venv/bin/pip -q --disable-pip-version-check install --only-binary :all: "$@" >pip.log 2>&1 || { tail -3 pip.log >&2; cannot "$* cannot be fetched"; }
}

in_pypi() {
  env PYTHONNOUSERSITE=1 PYTHONWARNINGS=ignore PATH="$work/venv/bin:$PATH" "$@"
}

# crates 'DEPENDENCY = …' …: a Rust program of these pinned crates, whose text is read from standard input; it is ./program then.
crates() {
  command -v cargo >/dev/null || cannot "cargo is missing"
  mkdir -p crate/src
  { printf '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'; printf '%s\n' "$@"; } >crate/Cargo.toml
  cat >crate/src/main.rs
  cargo build --quiet --manifest-path crate/Cargo.toml --target-dir built >cargo.log 2>&1 || { tail -3 cargo.log >&2; cannot "$* cannot be built"; }
  cp built/debug/program program
}

# on_a_terminal COMMAND: runs it on a pseudo-terminal that types what comes from standard input and answers nothing.
on_a_terminal() {
  command -v script >/dev/null || cannot "script (util-linux) is missing"
  script -qec "$1" /dev/null
}

# An ESRI ASCII grid of rows of numbers, for programs that read text.
ascii_grid() {
  local columns=$1 rows=$2 nodata=$3
  printf 'ncols %d\nnrows %d\nxllcorner 500000\nyllcorner 5000000\ncellsize 25\nNODATA_value %s\n' "$columns" "$rows" "$nodata"
  cat
}

changed=0

# same WHAT EXPECTED SEEN
same() {
  if [ "$2" = "$3" ]; then
    printf 'as described: %s: %s\n' "$1" "$3"
  else
    printf 'CHANGED: %s: expected %s, seen %s\n' "$1" "$2" "$3"
    changed=1
  fi
}

finish() {
  exit "$changed"
}
