//! A container of a task definition
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-ecs-taskdefinition-containerdefinition.html>).

use indexmap::IndexMap;

use crate::fields::{Choice, Fields, Property, Shape};

/// A container: here a process of the workspace's binary of the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// `Name`: at most 255 letters, digits, hyphens and underscores.
    pub name: String,
    /// `Image`: what runs on AWS.
    pub image: String,
    /// `Essential`: whether its end is the task's; true when absent.
    pub essential: bool,
    /// `Command`: the arguments.
    pub command: Vec<String>,
    /// `Environment`: the variables by name.
    pub environment: IndexMap<String, String>,
    /// `StopTimeout`: seconds between SIGTERM and SIGKILL, 2 to 120; 30 when absent.
    pub stop_timeout_seconds: u32,
    /// `LogConfiguration`; what it writes is not kept when absent.
    pub log: Option<ContainerLog>,
}

/// The log that gets a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerLog {
    /// `awslogs-group`.
    pub group: String,
    /// `awslogs-stream-prefix`.
    pub stream_prefix: Option<String>,
}

/// The log drivers that ECS knows, one of which is available here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Driver {
    AwsLogs,
    Other(&'static str),
}

impl Choice for Driver {
    const ALL: &'static [(&'static str, Self)] = &[
        ("awslogs", Driver::AwsLogs),
        ("awsfirelens", Driver::Other("awsfirelens")),
        ("fluentd", Driver::Other("fluentd")),
        ("gelf", Driver::Other("gelf")),
        ("journald", Driver::Other("journald")),
        ("json-file", Driver::Other("json-file")),
        ("splunk", Driver::Other("splunk")),
        ("syslog", Driver::Other("syslog")),
    ];
}

const NOT_CONTAINED: &str = "processes are not contained";
const OWN_FILES: &str = "processes have the machine's files; leave it out";
const LOG: &[Property] = &[
    Property::honoured("LogDriver"),
    Property::honoured("Options"),
    Property::refused("SecretOptions", "awslogs needs none; leave it out"),
];
const LOG_OPTIONS: &[Property] = &[
    Property::ignored("awslogs-create-group", Shape::Boolean, "groups are directories"),
    Property::ignored(
        "awslogs-datetime-format",
        Shape::Text,
        "lines are kept as they are written",
    ),
    Property::honoured("awslogs-group"),
    Property::ignored(
        "awslogs-multiline-pattern",
        Shape::Text,
        "lines are kept as they are written",
    ),
    Property::ignored("awslogs-region", Shape::Text, "there is one region"),
    Property::honoured("awslogs-stream-prefix"),
    Property::ignored(
        "max-buffer-size",
        Shape::Text,
        "a process waits for its lines to be kept",
    ),
    Property::ignored("mode", Shape::Text, "a process waits for its lines to be kept"),
];

impl Container {
    pub(crate) const PROPERTIES: &'static [Property] = &[
        Property::honoured("Command"),
        Property::ignored("Cpu", Shape::Integer, NOT_CONTAINED),
        Property::ignored("CredentialSpecs", Shape::List, NOT_CONTAINED),
        Property::refused("DependsOn", "the containers of a task start together; leave it out"),
        Property::refused("DisableNetworking", "processes use the machine's network; leave it out"),
        Property::ignored("DnsSearchDomains", Shape::List, "names are resolved as on the machine"),
        Property::ignored("DnsServers", Shape::List, "names are resolved as on the machine"),
        Property::ignored("DockerLabels", Shape::Mapping, NOT_CONTAINED),
        Property::ignored("DockerSecurityOptions", Shape::List, NOT_CONTAINED),
        Property::refused(
            "EntryPoint",
            "the binary that is named like the container runs; leave it out",
        ),
        Property::honoured("Environment"),
        Property::refused(
            "EnvironmentFiles",
            "there is no S3; write the variables into Environment",
        ),
        Property::honoured("Essential"),
        Property::refused(
            "ExtraHosts",
            "names are resolved as on the machine; write addresses out",
        ),
        Property::refused("FirelensConfiguration", "use the log driver awslogs"),
        Property::ignored("HealthCheck", Shape::Mapping, "a process that runs counts as healthy"),
        Property::ignored("Hostname", Shape::Text, NOT_CONTAINED),
        Property::honoured("Image"),
        Property::ignored("Interactive", Shape::Boolean, "processes have no standard input"),
        Property::refused("Links", "processes use the machine's network; give addresses"),
        Property::ignored("LinuxParameters", Shape::Mapping, NOT_CONTAINED),
        Property::honoured("LogConfiguration"),
        Property::ignored("Memory", Shape::Integer, NOT_CONTAINED),
        Property::ignored("MemoryReservation", Shape::Integer, NOT_CONTAINED),
        Property::refused("MountPoints", OWN_FILES),
        Property::honoured("Name"),
        Property::ignored(
            "PortMappings",
            Shape::List,
            "processes listen on the machine's own ports",
        ),
        Property::ignored("Privileged", Shape::Boolean, NOT_CONTAINED),
        Property::ignored("PseudoTerminal", Shape::Boolean, "processes have no terminal"),
        Property::ignored("ReadonlyRootFilesystem", Shape::Boolean, NOT_CONTAINED),
        Property::ignored("RepositoryCredentials", Shape::Mapping, "no image is fetched"),
        Property::refused("ResourceRequirements", "there are none to hand out; leave it out"),
        Property::refused("RestartPolicy", "a service replaces whole tasks; leave it out"),
        Property::refused(
            "Secrets",
            "there is no Secrets Manager; write the variables into Environment",
        ),
        Property::ignored("StartTimeout", Shape::Integer, "processes start at once"),
        Property::honoured("StopTimeout"),
        Property::ignored("SystemControls", Shape::List, NOT_CONTAINED),
        Property::ignored("Ulimits", Shape::List, NOT_CONTAINED),
        Property::ignored("User", Shape::Text, "processes run as the user who runs sluice"),
        Property::ignored("VersionConsistency", Shape::Text, "no image is fetched"),
        Property::refused("VolumesFrom", OWN_FILES),
        Property::refused("WorkingDirectory", OWN_FILES),
    ];

    /// Reads one; `None` when something was reported.
    pub(crate) fn read(fields: &Fields<'_>) -> Option<Container> {
        let name = fields.required("Name", fields.name("Name", 255, "-_"));
        let image = fields.required_text("Image");
        let environment = read_environment(fields);
        let log = read_log(fields);
        Some(Container {
            essential: fields.boolean("Essential").unwrap_or(true),
            command: fields.texts("Command"),
            stop_timeout_seconds: fields.integer("StopTimeout", 2, 120).unwrap_or(30),
            environment,
            log,
            name: name?,
            image: image?,
        })
    }
}

/// `Environment`: a list of `{Name, Value}`, names unique.
fn read_environment(fields: &Fields<'_>) -> IndexMap<String, String> {
    let mut environment = IndexMap::new();
    for variable in fields.nested_list("Environment", &["Name", "Value"]) {
        let (Some(name), value) = (variable.required_text("Name"), variable.required_text("Value")) else {
            continue;
        };
        if name.is_empty() || name.contains(['=', '\0']) {
            variable.not_allowed(
                "Name",
                &name,
                "a variable's name is not empty and has no `=` and no NUL",
            );
        } else if environment.contains_key(&name) {
            variable.not_allowed("Name", &name, "the variable is given twice");
        }
        let value = value.unwrap_or_default();
        if value.contains('\0') {
            variable.not_allowed("Value", &value, "a variable's value has no NUL");
        }
        environment.insert(name, value);
    }
    environment
}

fn read_log(fields: &Fields<'_>) -> Option<ContainerLog> {
    let log = fields.nested_as("LogConfiguration", LOG)?;
    match log.required("LogDriver", log.choice("LogDriver"))? {
        Driver::AwsLogs => {}
        Driver::Other(driver) => {
            log.refuse("LogDriver", &format!("the log driver `{driver}`"), "use awslogs");
            return None;
        }
    }
    let options = log.required("Options", log.nested_as("Options", LOG_OPTIONS))?;
    Some(ContainerLog {
        stream_prefix: options.text("awslogs-stream-prefix"),
        group: options.required_text("awslogs-group")?,
    })
}
