# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scripts that unpack Debian packages into the cache.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/hydropon
# Newer packages are looked for after so many days.
fresh_days=7

die() {
	echo "hydropon: $*" >&2
	exit 1
}

# key FUNCTION... [WORD...]: changes with what these functions do, and with the words
key() {
	local part
	for part; do
		declare -f "$part" || echo "$part"
	done | sha256sum | cut -c1-12
}

# debian_sources SUITE: the machine's own Debian sources, whatever mirror they name
debian_sources() {
	local own
	own=$(. /etc/os-release && echo "$VERSION_CODENAME")
	apt-get indextargets --format 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(CODENAME) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u |
		sed -nE "s/ $own((-updates|-security)? main)$/ $1\1/p"
}

# apt_in SUITE ARCH COMMAND...: apt with an index of its own, so that one archive whose
# index cannot be had leaves the others alone
apt_in() {
	local dir=$cache/apt-$1-$2
	APT_CONFIG=$dir/conf "${@:3}"
}

# refresh SUITE ARCH [now]: brings that index up to date if it is old
refresh() {
	local dir=$cache/apt-$1-$2
	[ -z "${3:-}" ] && [ -n "$(find "$dir/updated" -mtime -$fresh_days 2>/dev/null)" ] && return
	mkdir -p "$dir"/{state/lists/partial,cache/archives/partial}
	debian_sources "$1" >"$dir/sources.list"
	cat >"$dir/conf" <<-END
		Dir::State "$dir/state";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir/cache";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		APT::Architecture "$2";
		APT::Architectures { "$2"; };
		Acquire::Languages "none";
		Acquire::GzipIndexes "true";
		Acquire::Retries "3";
	END
	if apt_in "$1" "$2" apt-get -q update >"$dir/log" 2>&1; then
		touch "$dir/updated"
	else
		echo "hydropon: part of Debian's index of $1 $2 cannot be had; see $dir/log" >&2
	fi
}

# unpack FOLDER SUITE ARCH PACKAGE...: downloads packages and unpacks them there
unpack() {
	local to=$1 suite=$2 arch=$3 debs=$1/.debs deb
	shift 3
	rm -rf "$debs"
	mkdir -p "$debs"
	if ! (cd "$debs" && apt_in "$suite" "$arch" apt-get -q download "$@") >"$debs/log" 2>&1; then
		tail -n 10 "$debs/log" >&2
		return 1
	fi
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$to" || return 1
	done
	rm -rf "$debs"
}

# Held until the script ends, so that nothing is made twice.
lock() {
	mkdir -p "$cache"
	exec 9>"$cache/$1.lock"
	flock 9
}
