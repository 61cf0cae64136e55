//! Log files: one per function, written by a thread of its own, rotated by size.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::line::MAX_LINE_BYTES;
use super::record::{LogRecord, timestamp};
use parking_lot::{Condvar, Mutex};

/// A file that has reached this size becomes `<function>.log.1`.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

/// The length of the time that a line begins with.
const TIME: usize = "1970-01-01T00:00:00.000Z".len();

/// A line with its time, and what says how much of it was cut, is shorter than this.
const LONGEST_LINE: u64 = MAX_LINE_BYTES as u64 + 256;

/// The number of older files of a function that are kept.
const OLD_FILES: u32 = 2;

/// Records that may wait for the thread. More are left out of the file and counted.
const MAX_PENDING: usize = 20_000;

/// The time for which the thread gathers records before it writes them.
const GATHER: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
struct Pending {
    records: Vec<(Arc<str>, Arc<LogRecord>)>,
    left_out: usize,
    /// Files with no line since this time are to be deleted.
    forget: Option<u64>,
    asleep: bool,
    closing: bool,
}

#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<Pending>,
    work: Condvar,
}

/// Hands records to the writing thread. Dropping it writes what is left.
#[derive(Debug)]
pub(crate) struct LogWriter {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl LogWriter {
    /// Makes the directory and starts the thread.
    pub(crate) fn start(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let shared = Arc::new(Shared::default());
        let (files, of_thread) = (Files::new(dir.to_owned()), Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("function-logs".into())
            .spawn(move || run(&of_thread, files))?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Never waits for the disk.
    pub(crate) fn write(&self, function: Arc<str>, record: Arc<LogRecord>) {
        let wake = {
            let mut pending = self.shared.pending.lock();
            if pending.records.len() >= MAX_PENDING {
                pending.left_out += 1;
            } else {
                pending.records.push((function, record));
            }
            std::mem::take(&mut pending.asleep)
        };
        if wake {
            self.shared.work.notify_one();
        }
    }

    /// Deletes what was logged before a time, as far as [`Files::forget`] does.
    pub(crate) fn forget(&self, before_ms: u64) {
        let mut pending = self.shared.pending.lock();
        pending.forget = Some(before_ms);
        let wake = std::mem::take(&mut pending.asleep);
        drop(pending);
        if wake {
            self.shared.work.notify_one();
        }
    }

    /// Writes what is left and ends the thread.
    pub(crate) fn close(&self) {
        self.shared.pending.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes function logs has panicked");
        }
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(shared: &Shared, mut files: Files) {
    loop {
        let mut pending = shared.pending.lock();
        while pending.records.is_empty() && pending.forget.is_none() && !pending.closing {
            pending.asleep = true;
            shared.work.wait(&mut pending);
        }
        if !pending.closing {
            shared
                .work
                .wait_while_for(&mut pending, |pending| !pending.closing, GATHER);
        }
        let records = std::mem::take(&mut pending.records);
        let left_out = std::mem::take(&mut pending.left_out);
        let forget = pending.forget.take();
        let closing = pending.closing;
        drop(pending);
        files.append_all(&records);
        if let Some(before) = forget {
            files.forget(before);
        }
        if left_out > 0 {
            tracing::warn!(
                left_out,
                "function logs came faster than the disk: some are not in the files"
            );
        }
        if closing {
            return;
        }
    }
}

/// The open files of one directory, by name.
#[derive(Debug)]
pub(crate) struct Files {
    dir: PathBuf,
    max_bytes: u64,
    open: HashMap<Arc<str>, Open>,
    failing: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

impl Files {
    /// Files in `dir` that rotate at their usual size.
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self::with_limit(dir, MAX_FILE_BYTES)
    }

    fn with_limit(dir: PathBuf, max_bytes: u64) -> Self {
        Self {
            dir,
            max_bytes,
            open: HashMap::new(),
            failing: false,
        }
    }

    fn append_all(&mut self, records: &[(Arc<str>, Arc<LogRecord>)]) {
        let mut texts: HashMap<&Arc<str>, String> = HashMap::new();
        for (function, record) in records {
            let text = texts.entry(function).or_default();
            let at = timestamp(record.started_at_ms);
            for line in record.render() {
                text.extend([at.as_str(), " ", &line, "\n"]);
            }
        }
        for (function, text) in texts {
            self.keep(function, &text);
        }
    }

    /// Appends to a file. A failing disk is reported once, until it works again.
    pub(crate) fn keep(&mut self, name: &Arc<str>, text: &str) {
        match self.append(name, text.as_bytes()) {
            Ok(()) => self.failing = false,
            Err(error) => {
                if !self.failing {
                    tracing::warn!(%error, %name, dir = %self.dir.display(), "cannot write a log file");
                }
                self.open.remove(name);
                self.failing = true;
            }
        }
    }

    /// Deletes files whose last line is from before a time, and puts a file aside whose first line is, so that it goes as a
    /// whole later. So a line lives for at most twice as long as it has to.
    pub(crate) fn forget(&mut self, before_ms: u64) {
        let before = timestamp(before_ms);
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) => return tracing::debug!(%error, "log files stay"),
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Some((function, number)) = name.rsplit_once(".log") else {
                continue;
            };
            let is_current = number.is_empty();
            let expired = |line: io::Result<Option<String>>| matches!(line, Ok(Some(at)) if at < before);
            let gone = if expired(last_time(&path)) {
                fs::remove_file(&path)
            } else if is_current && expired(first_time(&path)) {
                // those that were put aside before are older
                rotate(&path)
            } else {
                continue;
            };
            if is_current {
                self.open.remove(function);
            }
            if let Err(error) = gone {
                tracing::debug!(%error, path = %path.display(), "an old log file stays");
            }
        }
    }

    fn append(&mut self, function: &Arc<str>, text: &[u8]) -> io::Result<()> {
        let path = self.dir.join(format!("{function}.log"));
        if !self.open.contains_key(function) {
            self.open.insert(Arc::clone(function), open(&path)?);
        }
        let Some(current) = self.open.get_mut(function) else {
            return Ok(());
        };
        if current.bytes > 0 && current.bytes + text.len() as u64 > self.max_bytes {
            rotate(&path)?;
            *current = open(&path)?;
        }
        current.file.write_all(text)?;
        current.bytes += text.len() as u64;
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<Open> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let bytes = file.metadata()?.len();
    Ok(Open { file, bytes })
}

/// The time that the first line of a file begins with; none if it begins with something else.
fn first_time(path: &Path) -> io::Result<Option<String>> {
    let mut start = Vec::new();
    File::open(path)?.take(TIME as u64).read_to_end(&mut start)?;
    Ok(time_of(&start))
}

/// The time that the last line of a file begins with.
fn last_time(path: &Path) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(LONGEST_LINE)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let lines = tail.strip_suffix(b"\n").unwrap_or(&tail);
    let last = lines.rsplit(|byte| *byte == b'\n').next();
    Ok(last.and_then(time_of))
}

fn time_of(line: &[u8]) -> Option<String> {
    let time = std::str::from_utf8(line.get(..TIME)?).ok()?;
    let digits = time.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        19 => byte == b'.',
        23 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    });
    digits.then(|| time.to_owned())
}

/// `log.1` becomes `log.2`, `log` becomes `log.1`.
fn rotate(path: &Path) -> io::Result<()> {
    let numbered = |number: u32| path.with_extension(format!("log.{number}"));
    for number in (1..OLD_FILES).rev() {
        match fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("sluice-host-{name}-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&dir).expect("scratch directory");
        dir
    }

    #[test]
    fn records_reach_the_file_when_the_writer_closes() {
        let dir = scratch("logs");
        let writer = LogWriter::start(&dir).expect("starts");
        writer.write("store".into(), Arc::new(record(&["one"])));
        writer.write("store".into(), Arc::new(record(&["two"])));
        writer.close();
        let text = fs::read_to_string(dir.join("store.log")).expect("log file");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 8, "{text}");
        assert_eq!(
            (lines[1], lines[5]),
            ("1970-01-01T00:00:00.000Z one", "1970-01-01T00:00:00.000Z two")
        );
        fs::remove_dir_all(dir).expect("removes scratch");
    }

    #[test]
    fn files_rotate_and_old_ones_go() {
        let dir = scratch("rotation");
        let mut files = Files::with_limit(dir.clone(), 100);
        let function: Arc<str> = "f".into();
        for letter in ["a", "b", "c", "d"] {
            files.append(&function, letter.repeat(90).as_bytes()).expect("appends");
        }
        let read = |name: &str| fs::read_to_string(dir.join(name)).map(|text| text[..1].to_owned()).ok();
        let names = ["f.log", "f.log.1", "f.log.2", "f.log.3"];
        assert_eq!(
            names.map(read),
            [Some("d".into()), Some("c".into()), Some("b".into()), None]
        );
        fs::remove_dir_all(dir).expect("removes scratch");
    }

    #[test]
    fn files_go_by_the_age_of_their_lines() {
        let dir = scratch("ages");
        let names = ["f.log", "f.log.1", "f.log.2", "g.log", "notes.log"];
        let check = |before: u64, expected: [Option<u64>; 5]| {
            let mut files = Files::new(dir.clone());
            files.forget(before);
            let found = names.map(|name| {
                let text = fs::read_to_string(dir.join(name)).ok()?;
                Some(text.lines().count() as u64)
            });
            assert_eq!(found, expected, "before {before}");
        };
        let write = |name: &str, times: &[u64]| {
            let lines = times
                .iter()
                .map(|at| format!("{} {}\n", timestamp(*at), "x".repeat(20_000.min(*at as usize))));
            fs::write(dir.join(name), lines.collect::<String>()).expect("writes");
        };
        write("f.log", &[400, 16_000]);
        write("f.log.1", &[200, 300, 390]);
        write("f.log.2", &[1, 100]);
        write("g.log", &[250]);
        fs::write(dir.join("notes.log"), "nobody's\n").expect("writes");
        check(100, [Some(2), Some(3), Some(2), Some(1), Some(1)]);
        check(101, [Some(2), Some(3), None, Some(1), Some(1)]);
        check(300, [Some(2), Some(3), None, None, Some(1)]);
        // the last of its lines is young: it is put aside as a whole
        check(401, [None, Some(2), None, None, Some(1)]);
        check(16_000, [None, Some(2), None, None, Some(1)]);
        check(16_001, [None, None, None, None, Some(1)]);
        fs::remove_dir_all(dir).expect("removes scratch");
    }

    #[test]
    fn a_function_goes_on_in_a_new_file() {
        let dir = scratch("forgotten");
        let writer = LogWriter::start(&dir).expect("starts");
        writer.write("store".into(), Arc::new(record(&["one"])));
        writer.forget(u64::from(u32::MAX));
        writer.close();
        assert!(!dir.join("store.log").exists());
        let mut files = Files::new(dir.clone());
        files
            .append(&"store".into(), b"1970-01-01T00:00:00.000Z old\n")
            .expect("appends");
        files.forget(1);
        files
            .append(&"store".into(), b"1970-01-01T00:00:00.002Z new\n")
            .expect("appends");
        let text = fs::read_to_string(dir.join("store.log")).expect("log file");
        assert_eq!(text, "1970-01-01T00:00:00.002Z new\n");
        fs::remove_dir_all(dir).expect("removes scratch");
    }
}
