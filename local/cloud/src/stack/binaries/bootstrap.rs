//! The binary that a function's `Code` holds: a custom runtime's `bootstrap`, or a file of another name.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The outcome of looking for a binary.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The binary, by its absolute path.
    Binary(PathBuf),
    /// There is none that this machine can run: the reason, and what to do.
    Unusable(String),
}

/// The beginning of a file: enough to tell a zip, and for which processor an ELF file is.
const HEAD: usize = 20;

/// Looks for the binary at a path that is a folder with a `bootstrap`, or the binary itself.
///
/// # Errors
/// With the file that is there and cannot be read.
pub(super) fn at(path: &Path) -> Result<Found, (PathBuf, io::Error)> {
    let file = if path.is_dir() {
        path.join("bootstrap")
    } else {
        path.to_owned()
    };
    if !file.is_file() {
        return Ok(Found::Unusable(format!(
            "its Code has no binary (looked for {}); build it there",
            file.display()
        )));
    }
    let unreadable = |error| (file.clone(), error);
    let mut head = [0; HEAD];
    let read = File::open(&file)
        .and_then(|mut opened| opened.read(&mut head))
        .map_err(unreadable)?;
    if let Some(reason) = fault(&head[..read]) {
        return Ok(Found::Unusable(format!("{} {reason}", file.display())));
    }
    if !is_executable(&file) {
        return Ok(Found::Unusable(format!(
            "{0} may not be run; `chmod +x {0}`",
            file.display()
        )));
    }
    Ok(Found::Binary(file.canonicalize().map_err(unreadable)?))
}

/// Returns the reason why this machine cannot run a file with this beginning, if it is known.
fn fault(head: &[u8]) -> Option<String> {
    if head.starts_with(b"PK\x03\x04") {
        return Some("is a zip; unpack it into a folder of its own".to_owned());
    }
    if !cfg!(target_os = "linux") || !head.starts_with(b"\x7fELF") {
        return None;
    }
    let [low, high] = [head.get(18)?, head.get(19)?];
    // all processors of Lambda are little-endian
    let machine = match u16::from_le_bytes([*low, *high]) {
        0x3e => "x86_64",
        0xb7 => "aarch64",
        _ => "another processor",
    };
    let own = std::env::consts::ARCH;
    (machine != own).then(|| {
        format!("is built for {machine}, and this machine is {own}: build it for this one too, and name that folder")
    })
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn elf(machine: u16) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01\x01".to_vec();
        head.resize(18, 0);
        head.extend(machine.to_le_bytes());
        head
    }

    #[test]
    fn a_binary_is_a_folders_bootstrap_or_the_file() {
        fn check(name: &str, content: &[u8], mode: u32, expected: Result<&str, &str>) {
            let directory = tempfile::tempdir().expect("a directory");
            let file = directory.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("made");
            std::fs::write(&file, content).expect("written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set");
            let code = directory.path().join("greet");
            match (at(&code).expect("readable"), expected) {
                (Found::Binary(path), Ok(end)) => assert!(path.is_absolute() && path.ends_with(end), "{path:?}"),
                (Found::Unusable(reason), Err(part)) => assert!(reason.contains(part), "{reason}"),
                (found, expected) => panic!("{found:?} instead of {expected:?}"),
            }
        }
        let (own, other) = match std::env::consts::ARCH {
            "x86_64" => (elf(0x3e), elf(0xb7)),
            _ => (elf(0xb7), elf(0x3e)),
        };
        check("greet/bootstrap", &own, 0o755, Ok("greet/bootstrap"));
        check("greet/bootstrap", b"#!/bin/sh\n", 0o755, Ok("greet/bootstrap"));
        check("greet", &own, 0o755, Ok("greet"));
        check("greet/bootstrap", &other, 0o755, Err("and this machine is"));
        check("greet/bootstrap", &own, 0o644, Err("chmod +x"));
        check("greet", b"PK\x03\x04zip", 0o755, Err("is a zip; unpack it"));
        check("greet/index.js", b"x", 0o755, Err("looked for"));
        check("other", b"x", 0o755, Err("build it there"));
        check("greet", b"", 0o755, Ok("greet"));
    }
}
