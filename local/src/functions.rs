//! Finds the binaries of functions and containers: built by cargo, with its own progress shown, or in a directory of built ones.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// The path of each binary, by its name.
pub(crate) type Binaries = BTreeMap<String, PathBuf>;

/// Finds `names` in `directory`, laid out flat or as `cargo lambda build` does it (`name/bootstrap`).
pub(crate) fn find(names: &BTreeSet<String>, directory: &Path) -> anyhow::Result<Binaries> {
    let mut found = Binaries::new();
    let mut missing = Vec::new();
    for name in names {
        let candidates = [directory.join(name).join("bootstrap"), directory.join(name)];
        match candidates.into_iter().find(|path| path.is_file()) {
            Some(path) => {
                let path = path
                    .canonicalize()
                    .with_context(|| format!("cannot read {}", path.display()))?;
                found.insert(name.clone(), path);
            }
            None => missing.push(name.as_str()),
        }
    }
    if !missing.is_empty() {
        bail!(
            "{} has no {} (looked for NAME and NAME/bootstrap); build the functions there, or leave --functions out",
            directory.display(),
            missing.join(", ")
        );
    }
    Ok(found)
}

/// Builds `names` in the workspace at `root` with the profile that this binary was built with.
pub(crate) fn build(names: &BTreeSet<String>, root: &Path) -> anyhow::Result<Binaries> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command
        .arg("build")
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    // no `-p`: cargo then unifies features over the whole workspace, as it did for `cargo run`, and what is built is shared
    for name in names {
        command.args(["--bin", name]);
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| {
            format!(
                "cannot run {}; install Rust, or give built functions with --functions DIR",
                cargo.display()
            )
        })?;
    if !output.status.success() {
        bail!("cargo could not build the functions (its messages are above)");
    }
    let built = executables(&output.stdout);
    names
        .iter()
        .map(|name| match built.get(name) {
            Some(path) => Ok((name.clone(), path.clone())),
            None => bail!("cargo built no binary called {name}; a template names it (as a function's Code, or as a container), so a crate must have it"),
        })
        .collect()
}

/// The executables that cargo's messages name.
fn executables(messages: &[u8]) -> Binaries {
    messages
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter_map(|message| {
            let path = message["executable"].as_str()?;
            Some((message["target"]["name"].as_str()?.to_owned(), PathBuf::from(path)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_come_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"sluice_tasks"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"store"},"executable":"/t/debug/store"}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let expected: Binaries = [("store".to_owned(), PathBuf::from("/t/debug/store"))].into();
        assert_eq!(executables(messages.as_bytes()), expected);
    }

    #[test]
    fn a_directory_without_the_functions_is_named_with_what_is_missing() {
        let names: BTreeSet<String> = ["store".to_owned(), "ingest".to_owned()].into();
        let error = find(&names, Path::new("/nonexistent"))
            .expect_err("nothing there")
            .to_string();
        assert!(error.contains("/nonexistent has no ingest, store"), "{error}");
    }
}
