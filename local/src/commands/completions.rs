//! `sluice completions`: the script with which a shell completes `sluice`'s words.

use clap::{Args, Command};
use clap_complete::{Shell, generate};

const EXAMPLES: &str = "\
Examples:
  sluice completions bash > ~/.local/share/bash-completion/completions/sluice
  sluice completions zsh > \"${fpath[1]}/_sluice\"
  sluice completions fish > ~/.config/fish/completions/sluice.fish";

/// Options of `sluice completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for `command`.
pub(crate) fn run(options: &Completions, mut command: Command) {
    let mut script = Vec::new();
    generate(options.shell, &mut command, "sluice", &mut script);
    crate::terminal::say(&String::from_utf8_lossy(&script));
}
