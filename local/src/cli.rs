//! The command line.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sluice_cloud::QuotaProfile;

use crate::attack::AttackOptions;
use crate::audit::AuditAction;
pub(crate) use crate::client::Endpoint;
use crate::clock::ClockAction;

/// Runs Sluice's stacks on one machine: functions, state machine, tables, topic and console. No AWS account needed.
///
/// Without a command: `up`.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) up: Up,
}

/// The subcommands of `sluice`.
#[allow(clippy::large_enum_variant)] // there is one of it in a process
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the function binaries, read the templates and serve the stack until Ctrl-C
    Up(Up),
    /// Say how a running `sluice up` stands: exit code 0 ready, 1 degraded or failed, 2 not reachable
    Status(StatusOptions),
    /// Look at or advance the clock of a running `sluice up`
    Clock {
        #[command(subcommand)]
        action: ClockAction,
    },
    /// Check the audit of an approval
    Audit {
        #[command(subcommand)]
        action: AuditAction,
    },
    /// Try the mails that the stack sent
    Inbox {
        #[command(subcommand)]
        action: InboxAction,
    },
    /// Look at a data directory on which nothing runs: exit code 0, it is whole; 1, it is damaged; 2, it cannot be looked at
    Check {
        /// The data directory
        directory: PathBuf,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy a data directory, which may be in use, and verify the copy
    Backup {
        /// The data directory
        directory: PathBuf,
        /// The copy: a directory that is not there yet
        to: PathBuf,
        /// Print what was copied as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the evaluations that a running `sluice up` asks for on standard input
    #[command(hide = true)]
    Evaluate,
}

/// The subcommands of `sluice inbox`.
#[derive(Debug, Subcommand)]
pub(crate) enum InboxAction {
    /// Do to each link in the inbox what mail systems do to links, and prove that all stays open: exit code 0, it does; 1, something
    /// changed; 2, it could not be tried
    Attack(AttackOptions),
}

/// Options of `sluice status`.
#[derive(Debug, Args)]
pub(crate) struct StatusOptions {
    /// As JSON, as `/health` answers it
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) endpoint: Endpoint,
}

/// Options of `sluice up`.
#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Directory for executions, entries, mails and logs [default: .sluice in the checkout]
    #[arg(long, value_name = "DIR", env = "SLUICE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the AWS endpoint and the console; function URLs take the ports after it (port 0: any free ones)
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4566", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// A stack to run: cfn/NAME.yaml of the checkout; may be repeated [default: workflow]
    #[arg(long = "stack", value_enum, value_name = "NAME")]
    pub(crate) stacks: Vec<StackChoice>,
    /// A parameter, for each stack that has it, as `aws cloudformation deploy --parameter-overrides` takes it; may be repeated
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, String)>,
    /// A template of your own instead of the stacks of the checkout
    #[arg(long, value_name = "FILE", conflicts_with = "stacks")]
    pub(crate) template: Option<PathBuf>,
    /// Name of the workflow stack, and the beginning of the others': NAME-dashboard and NAME-load
    #[arg(long, value_name = "NAME", default_value = "sluice")]
    pub(crate) stack_name: String,
    /// Take built function binaries from DIR (DIR/name or DIR/name/bootstrap) instead of building them
    #[arg(long, value_name = "DIR")]
    pub(crate) functions: Option<PathBuf>,
    /// Send invocations of functions that no template declares to this Lambda endpoint
    #[arg(long, value_name = "URL")]
    pub(crate) lambda_endpoint: Option<String>,
    /// Another name under which this machine is addressed, such as a tunnel's; one that begins with a dot stands for all
    /// names under it; may be repeated
    #[arg(
        long = "allow-host",
        value_name = "NAME",
        env = "SLUICE_ALLOW_HOST",
        value_delimiter = ','
    )]
    pub(crate) allowed_hosts: Vec<String>,
    /// Time for which executions are kept after their end, and mails and function logs (15m, 12h, 30d), by the engine's clock; a
    /// mail whose link is still to be followed must not be older
    #[arg(long, value_name = "DURATION", env = "SLUICE_KEEP", default_value = "90d", value_parser = keep)]
    pub(crate) keep: Duration,

    /// Hold AWS's quotas too: aws (us-east-1, us-west-2, eu-west-1), aws-small (other regions) or new-account. Calls beyond them
    /// are throttled, and subscriptions suspended, as AWS would do.
    #[arg(long, value_name = "PROFILE", env = "SLUICE_QUOTAS")]
    pub(crate) quotas: Option<QuotaProfile>,
    /// The region that ARNs and functions see
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    pub(crate) region: String,
}

/// The stacks of the checkout, in the order in which one needs the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum StackChoice {
    /// Functions, state machine, tables and topic
    Workflow,
    /// The CloudWatch dashboard
    Dashboard,
    /// Pingers that send submissions until the stack deletes itself
    Load,
}

impl StackChoice {
    /// The name of its template without the ending.
    pub(crate) fn file_stem(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Dashboard => "dashboard",
            Self::Load => "load",
        }
    }

    /// The stack's name, as `cfn/deploy` gives it.
    pub(crate) fn stack_name(self, workflow: &str) -> String {
        match self {
            Self::Workflow => workflow.to_owned(),
            Self::Dashboard | Self::Load => format!("{workflow}-{}", self.file_stem()),
        }
    }
}

/// An address, or a name that stands for one; of several, one of IPv4, which the URLs that are printed can name.
fn address(text: &str) -> Result<SocketAddr, String> {
    let wanted = "give HOST:PORT, for example 127.0.0.1:4566 or localhost:4566";
    let found: Vec<SocketAddr> = match text.to_socket_addrs() {
        Ok(found) => found.collect(),
        Err(error) => return Err(format!("'{text}' is no address ({error}); {wanted}")),
    };
    let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
    first
        .copied()
        .ok_or_else(|| format!("'{text}' stands for no address; {wanted}"))
}

/// Parses a retention time. With none at all an execution would be gone before anybody has seen how it ended.
fn keep(text: &str) -> Result<Duration, String> {
    let wanted = "give a duration of at least a second, for example 90d, 12h or 15m";
    match humantime::parse_duration(text) {
        Ok(keep) if keep >= Duration::from_secs(1) => Ok(keep),
        Ok(_) => Err(format!("'{text}' is too short; {wanted}")),
        Err(error) => Err(format!("'{text}' is no duration ({error}); {wanted}")),
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!(
            "'{text}' is not KEY=VALUE, for example --parameter AdminEmail=me@example.com"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn up_is_the_default_command() {
        let cli = Cli::try_parse_from(["sluice", "--listen", "127.0.0.1:0", "--parameter", "A=b=c"]).expect("parses");
        assert!(cli.command.is_none());
        assert_eq!(cli.up.parameters, [("A".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn stacks_are_called_as_deploying_calls_them() {
        let cli = Cli::try_parse_from([
            "sluice",
            "up",
            "--stack",
            "load",
            "--stack",
            "workflow",
            "--stack",
            "dashboard",
        ]);
        let Some(Command::Up(up)) = cli.expect("parses").command else {
            panic!("up");
        };
        let mut stacks = up.stacks;
        stacks.sort_unstable();
        let names: Vec<String> = stacks.iter().map(|stack| stack.stack_name("s")).collect();
        assert_eq!(names, ["s", "s-dashboard", "s-load"]);
    }

    #[test]
    fn a_template_of_ones_own_takes_the_place_of_stacks() {
        for arguments in [
            ["--stack", "all"].as_slice(),
            &["--stack", "load", "--template", "t.yaml"],
        ] {
            let all = ["sluice"].iter().chain(arguments);
            assert!(Cli::try_parse_from(all).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn an_address_may_be_a_name() {
        let check = |text: &str, expected: Option<&str>| {
            let found = Cli::try_parse_from(["sluice", "--listen", text]).map(|cli| cli.up.listen.to_string());
            match expected {
                Some(address) => assert_eq!(found.as_deref().ok(), Some(address), "{text}"),
                None => assert!(found.expect_err(text).to_string().contains("HOST:PORT"), "{text}"),
            }
        };
        check("127.0.0.1:0", Some("127.0.0.1:0"));
        check("[::1]:4566", Some("[::1]:4566"));
        check("localhost:4566", Some("127.0.0.1:4566"));
        check("4566", None);
        check("127.0.0.1", None);
        check("127.0.0.1:70000", None);
    }

    #[test]
    fn executions_are_kept_as_on_aws_unless_told_otherwise() {
        let check = |arguments: &[&str], expected: Option<u64>| {
            let all = ["sluice"].iter().chain(arguments);
            let found = Cli::try_parse_from(all).map(|cli| cli.up.keep.as_secs());
            match expected {
                Some(seconds) => assert_eq!(found.ok(), Some(seconds), "{arguments:?}"),
                None => assert!(found.expect_err("refused").to_string().contains("90d"), "{arguments:?}"),
            }
        };
        check(&[], Some(90 * 86_400));
        check(&["--keep", "5m"], Some(300));
        check(&["--keep", "1s"], Some(1));
        for refused in ["0s", "10ms", "5", "soon", "-5m"] {
            check(&[&format!("--keep={refused}")], None);
        }
    }

    #[test]
    fn parameters_without_a_value_are_refused() {
        for text in ["A", "=b", ""] {
            let error = Cli::try_parse_from(["sluice", "up", "--parameter", text]).expect_err("refused");
            assert!(error.to_string().contains("KEY=VALUE"), "{error}");
        }
    }
}
