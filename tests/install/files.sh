#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What "make install" puts on a board, judged by the tools that will read it there.
set -uo pipefail
cd "$(dirname "$0")/../.."
to=$(mktemp -d)
trap 'rm -rf "$to"' EXIT
number=0

# check NAME COMMAND...: what the command says is shown when it fails
check() {
	local name=$1 said
	shift
	number=$((number + 1))
	if said=$("$@" 2>&1); then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		sed 's/^/# /' <<<"$said"
	fi
}

install_files() {
	make -s O=build/unit-gcc CC=gcc DESTDIR="$to" install-files
}

# A password in it is for root and the forwarder's group.
hides_configuration() {
	[ "$(stat -c %a "$to/etc/hydropon/hydropon.conf")" = 640 ]
}

keeps_configuration() {
	echo "[gateway]" >"$to/etc/hydropon/hydropon.conf" && install_files &&
		[ "$(cat "$to/etc/hydropon/hydropon.conf")" = "[gateway]" ]
}

runs() {
	"$to/usr/sbin/hydropond" --version && "$to/usr/sbin/hydropon-forward" --version &&
		"$to/usr/bin/hydroponctl" --version &&
		"$to/usr/sbin/hydropond" --check -c docs/examples/hydropon.conf
}

verify_units() {
	local said
	# systemd looks for the program of a unit where the unit says it is.
	for unit in "$to"/usr/lib/systemd/system/*.service; do
		sed -i "s,ExecStart=/usr,ExecStart=$to/usr," "$unit"
	done
	said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no "$to"/usr/lib/systemd/system/*.service 2>&1 |
		grep -F hydropon)
	[ -z "$said" ] || { echo "$said"; return 1; }
}

# At most 2.0 of 10 ("OK" begins at 4.0).
is_confined() {
	systemd-analyze security --offline=yes --threshold=20 "$to/usr/lib/systemd/system/$1"
}

# With all that a site may open beside it.
drop_ins_leave_it_confined() {
	local folder=$to/drop-ins said
	mkdir -p "$folder/hydropond.service.d"
	cp "$to/usr/lib/systemd/system/hydropond.service" "$folder"
	cp "$to"/usr/share/doc/hydropon/examples/hydropond-*.conf "$folder/hydropond.service.d"
	said=$(SYSTEMD_UNIT_PATH="$folder:" SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no \
		"$folder/hydropond.service" 2>&1 | grep -F hydropon)
	[ -z "$said" ] || { echo "$said"; return 1; }
	SYSTEMD_UNIT_PATH="$folder:" systemd-analyze security --offline=yes --threshold=20 \
		"$folder/hydropond.service"
}

makes_users_and_folders() {
	local root=$to/root
	mkdir -p "$root/etc" "$root/var/lib" "$root/run"
	systemd-sysusers --root="$root" "$PWD/systemd/hydropon.sysusers.conf" &&
		grep -q '^hydropon:' "$root/etc/passwd" && grep -q '^hydropon-forward:' "$root/etc/group" &&
		systemd-tmpfiles --root="$root" --create "$PWD/systemd/hydropon.tmpfiles.conf" &&
		[ "$(stat -c %a "$root/var/lib/hydropon/spool")" = 2750 ] &&
		[ "$(stat -c %u:%a "$root/var/lib/hydropon/calibration")" = "$(stat -c %u \
			"$root/var/lib/hydropon/spool"):755" ] &&
		[ "$(stat -c %a "$root/run/hydropon")" = 755 ]
}

manuals_are_clean() {
	local said
	for page in "$to"/usr/share/man/man?/*; do
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
		[ -z "$said" ] || { echo "$page: $said"; return 1; }
	done
}

# No folder that the layout does not name.
has_no_stray_folders() {
	local stray
	stray=$(git ls-files | cut -d/ -f1 | sort -u | grep -vxE \
		'Kbuild|Makefile|README.md|LICENSES|\.ci|\.gitignore|include|kmod|daemon|udev|systemd|debian|docs|tests')
	[ -z "$stray" ] || { echo "stray: $stray"; return 1; }
}

every_file_has_its_licence() {
	local without
	without=$(git ls-files | grep -vE '^LICENSES/|^tests/libfuzzer/corpus/|\.md$|^\.gitignore$' |
		xargs grep -L 'SPDX-License-Identifier: GPL-2.0-only')
	[ -z "$without" ] || { echo "without: $without"; return 1; }
}

echo "1..12"
check "make_install_puts_its_files_in_place" install_files
check "the_configuration_is_not_for_everybody" hides_configuration
check "an_own_configuration_is_kept" keeps_configuration
check "installed_programs_run" runs
check "hydropond_unit_is_confined" is_confined hydropond.service
check "hydropon_forward_unit_is_confined" is_confined hydropon-forward.service
check "units_are_verified_by_systemd" verify_units
check "drop_ins_of_a_field_bus_leave_it_confined" drop_ins_leave_it_confined
check "users_and_folders_are_made" makes_users_and_folders
check "manuals_are_clean" manuals_are_clean
check "tree_has_no_stray_folders" has_no_stray_folders
check "every_file_names_its_licence" every_file_has_its_licence
