//! Finds the binaries of functions and containers, and lets cargo build those that nobody has, with its own progress shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;
use sluice_cloud::{Binaries, BinaryPlaces, Plans};

/// The path of each binary, by its name.
type ByName = BTreeMap<String, PathBuf>;

/// Finds the binaries of all plans; those that are in no place are built in the workspace, if there is one.
pub(crate) fn find_all(plans: &Plans, places: &BinaryPlaces, workspace: Option<&Path>) -> anyhow::Result<Binaries> {
    let all = plans
        .find_binaries(places)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut found = all.found;
    if all.missing.is_empty() {
        return Ok(found);
    }
    match (&places.directory, workspace) {
        (Some(directory), _) => bail!("{}", not_in(directory, &all.missing, &all.reasons)),
        (None, Some(root)) => found.by_name.extend(build(&all.missing, root)?),
        (None, None) if all.reasons.is_empty() => bail!(
            "there is no workspace here to build the functions in ({}); give built ones with --functions DIR",
            listed(&all.missing)
        ),
        (None, None) => bail!(
            "{}; or give built functions with --functions DIR",
            all.reasons.join("; ")
        ),
    }
    Ok(found)
}

fn not_in(directory: &Path, missing: &BTreeSet<String>, reasons: &[String]) -> String {
    let mut text = format!(
        "{} has no {} (looked for NAME and NAME/bootstrap); build the functions there, or leave --functions out",
        directory.display(),
        listed(missing)
    );
    for reason in reasons {
        text += "; ";
        text += reason;
    }
    text
}

fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(", ")
}

/// Builds `names` in the workspace at `root` with the profile that this binary was built with.
fn build(names: &BTreeSet<String>, root: &Path) -> anyhow::Result<ByName> {
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
fn executables(messages: &[u8]) -> ByName {
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
        let expected: ByName = [("store".to_owned(), PathBuf::from("/t/debug/store"))].into();
        assert_eq!(executables(messages.as_bytes()), expected);
    }

    #[test]
    fn a_directory_without_the_functions_is_named_with_what_is_missing() {
        let names: BTreeSet<String> = ["store".to_owned(), "ingest".to_owned()].into();
        let error = not_in(Path::new("/nonexistent"), &names, &["F: is a zip".to_owned()]);
        assert!(error.starts_with("/nonexistent has no ingest, store ("), "{error}");
        assert!(error.ends_with("; F: is a zip"), "{error}");
    }
}
