#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether the crash tests of the journal find what they are there for: each fault below is put
into a copy of the sources, and the tests must fail. Prints KTAP. Arguments: which faults (all).
HYDROPON_STATES: how many cuts each is given to show itself (20000)."""
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

OUT = "build/crash"
SOURCES = ["disk", "journal", "leftover", "pending", "segments", "slots", "journal_reader", "frame", "codec", "column",
           "fit",
           "rows", "delivered"]

# name: (file, what stands there, what is put in its place), ...
BUGS = {
    "a_commit_is_acknowledged_before_it_is_synced": [
        ("slots.c", """	if (!error)
		error = disk_sync(slots->disk, slots->handle);
	if (error) {
		/* Its next""", """	if (error) {
		/* Its next""")],
    "a_sync_that_failed_is_asked_again": [
        ("slots.c", """		error = disk_sync(slots->disk, slots->handle);
	if (error) {
		/* Its next""", """		error = disk_sync(slots->disk, slots->handle);
	if (error)
		error = disk_sync(slots->disk, slots->handle);
	if (error) {
		/* Its next""")],
    "a_block_is_not_synced_before_its_slots_are_free": [
        ("segments.c", "segments->handle < 0 ? -EBADF : disk_sync(segments->disk, "
                       "segments->handle)", "segments->handle < 0 ? -EBADF : 0")],
    "a_context_is_not_durable_before_its_blocks": [
        ("journal.c", """		error = put_context(journal);
	return error ? error : segments_sync(&journal->segments);
}

/* The frame of a block""", """		error = put_context(journal);
	return error;
}

/* The frame of a block""")],
    "a_segment_is_used_before_its_head_is_durable": [
        ("segments.c", """		error = disk_write(segments->disk, handle, page, sizeof(page), 0);
	if (!error)
		error = disk_sync(segments->disk, handle);
""", """		error = disk_write(segments->disk, handle, page, sizeof(page), 0);
""")],
    "a_segment_keeps_its_salt": [
        ("segments.c", ".generation = segments->newest + 1,",
         ".generation = segment->generation ? segment->generation : segments->newest + 1,")],
    "a_new_segment_has_no_durable_name": [
        ("segments.c", """	if (!error)
		error = disk_sync_names(segments->disk);
	disk_close(segments->disk, handle);
	/* Whether""", """	disk_close(segments->disk, handle);
	/* Whether""")],
    "a_new_ring_has_no_durable_name": [
        ("journal.c", """	if (!error)
		error = disk_sync_names(journal->disk);
""", "")],
    "a_new_ring_lacks_what_was_committed": [
        ("journal.c", "	while (!error && at < records) {",
         "	at = records;\n	while (!error && at < records) {")],
    "the_last_sector_of_a_frame_is_not_checked": [
        ("frame.c", "crc32c(bytes + FRAME_COVERED, frame->length - FRAME_COVERED)",
         "crc32c(bytes + FRAME_COVERED, (frame->length - FRAME_COVERED - 1) / 512 * 512)")],
    "the_newest_commit_is_overwritten_after_an_opening": [
        ("journal.c", "		slots->head %= slots->pages;",
         "		slots->head = newest->page;")],
    "the_ring_forgets_what_is_still_needed_after_an_opening": [
        ("journal.c", "			slots->used = (slots->head + slots->pages - found[i].page) % "
                      "slots->pages;\n			if (!slots->used)\n"
                      "				slots->used = slots->pages;",
         "			slots->used = 0;")],
    "an_old_context_is_written_as_the_new_one": [
        ("journal.c", "	memcpy(journal->context_frame + FRAME_HEADER_BYTES, bytes, size);",
         "	bytes = journal->config->context.bytes;\n	size = journal->config->context.size;\n"
         "	memcpy(journal->context_frame + FRAME_HEADER_BYTES, bytes, size);")],
    "names_that_a_killed_writer_left_are_not_synced": [
        ("journal.c", "	error = disk_sync_names(journal->disk);\n	if (!error)\n"
                      "		error = open_slots", "	error = 0;\n	if (!error)\n"
                      "		error = open_slots")],
    "a_commit_that_blocks_end_amid_is_passed_over": [
        ("journal.c", "	return !pending_records(journal->pending) && journal->records ==",
         "	return false && journal->records ==")],
    "a_block_follows_no_context": [
        ("journal.c", "	if (!journal->segments.context_at ||\n	    !segments_has_room(",
         "	if (!segments_has_room("),
        ("segments.c", "	if (!segments->context_at)\n		return -EINVAL;\n", "")],
    "a_full_segment_is_given_up_while_one_is_empty": [
        ("segments.c", "		segment->has_frames = segments->is_durable;\n", "")],
    "a_head_that_was_being_written_is_called_damage": [
        ("segments.c", "at != segments_next(segments, -1) &&\n"
                       "	       end > segments->list[at].first;",
         "at != segments_next(segments, -1) &&\n	       (end || true);")],
    "records_are_numbered_anew_after_an_opening": [
        ("journal.c", "	journal->records += frame->count - known;\n	journal->samples += pending",
         "	journal->records += frame->count - known - (frame->count > 1);\n"
         "	journal->samples += pending")],
}

def build(name, changes):
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree("daemon/spool", os.path.join(folder, "spool"))
    for file, old, new in changes:
        path = os.path.join(folder, "spool", file)
        with open(path) as f:
            text = f.read()
        if old not in text:
            return None, f"{file} has no such place any more: {old.strip().splitlines()[0]}"
        with open(path, "w") as f:
            f.write(text.replace(old, new))
    program = os.path.join(folder, "journal")
    command = ["gcc", "-O1", "-std=gnu11", "-D_GNU_SOURCE", f"-I{folder}", "-Idaemon", "-Itests",
               "-Iinclude/uapi"]
    command += [os.path.join(folder, "spool", s + ".c") for s in SOURCES]
    command += ["daemon/base/crc32c.c", "daemon/base/log.c", "tests/harness.c",
                "tests/support/disk_model.c", "tests/unit/journal.c"]
    command += ["-o", program, "-lm", "-lpthread", "-lsystemd", "-lzstd"]
    done = subprocess.run(command, capture_output=True, text=True)
    return (program, None) if not done.returncode else (None, done.stderr.strip()[-300:])


def run(name):
    """Whether the tests pass, and what they say."""
    program, error = build(name, BUGS.get(name, []))
    if error:
        return True, error
    env = dict(os.environ, HYDROPON_STATES=os.environ.get("HYDROPON_STATES", "20000"))
    done = subprocess.run([program], capture_output=True, text=True, env=env)
    told = [line for line in done.stdout.splitlines() if line.startswith("# tests/unit")]
    if done.returncode or told:
        return False, told[0] if told else "it crashed"
    return True, "not found"


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    names = sys.argv[1:] or list(BUGS)
    print("# program crash/bugs", f"1..{len(names) + 1}", sep="\n", flush=True)
    # A test that fails whatever the sources are finds nothing.
    passes, said = run("none")
    print(f"{'ok' if passes and said == 'not found' else 'not ok'} 1 without a fault they pass")
    failed = not passes or said != "not found"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (name, (passes, said)) in enumerate(zip(names, pool.map(run, names)), 2):
            print(f"# {name}: {said.lstrip('# ')}")
            print(f"{'not ok' if passes else 'ok'} {number} {name}", flush=True)
            failed |= passes
    sys.exit(failed)


main()
