//! Versions and aliases: what the one writer has to check and change in one transaction.

use std::sync::Arc;

use super::execution_cache::Prepared;
use super::state::Writer;
use crate::journal::machines::{self, Registered};
use crate::journal::versions;
use crate::{
    AliasRecord, CreateAlias, DriverError, PublishVersion, Qualifier, Route, StartError, UpdateAlias, VersionError,
    VersionSummary,
};

/// The most versions of a state machine.
/// See [the quotas](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html).
const MAX_VERSIONS: usize = 1000;

/// The most aliases of a state machine.
const MAX_ALIASES: usize = 100;

/// The definition that a new execution runs, with its version and alias.
pub(super) struct Target {
    pub(super) prepared: Arc<Prepared>,
    pub(super) version_arn: Option<String>,
    pub(super) alias_arn: Option<String>,
}

impl Writer {
    /// Publishes the current revision. One that is published already is not published again.
    pub(super) fn publish(&self, request: &PublishVersion) -> Result<VersionSummary, VersionError> {
        let machine_arn = &*request.machine_arn;
        let (connection, missing) = (&self.database.connection, || missing(machine_arn));
        let Registered::Present(revision) = machines::current(connection, machine_arn)? else {
            return Err(missing());
        };
        let current = machines::get(connection, machine_arn)?.ok_or_else(missing)?.revision_id;
        if let Some(wanted) = request.revision_id.as_deref().filter(|wanted| *wanted != current) {
            let wanted = wanted.to_owned();
            return Err(VersionError::RevisionChanged { wanted, current });
        }
        if let Some(published) = versions::of_revision(connection, revision.machine, revision.id)? {
            return Ok(published);
        }
        if versions::count(connection, revision.machine)? >= MAX_VERSIONS {
            return Err(VersionError::QuotaExceeded {
                what: "versions",
                limit: MAX_VERSIONS,
            });
        }
        let description = request.description.as_deref();
        Ok(versions::publish(
            connection,
            revision.machine,
            revision.id,
            description,
            self.now,
        )?)
    }

    /// Deletes a version to which no alias leads; answers whether it was there.
    pub(super) fn delete_version(&self, machine_arn: &str, number: u64) -> Result<bool, VersionError> {
        let Some(machine) = machines::number(&self.database.connection, machine_arn)? else {
            return Ok(false);
        };
        let aliases: Vec<String> = versions::aliases(&self.database.connection, machine_arn, None, usize::MAX)?
            .into_iter()
            .filter(|alias| alias.routes.iter().any(|route| route.version == number))
            .map(|alias| alias.name)
            .collect();
        if !aliases.is_empty() {
            return Err(VersionError::Referenced { aliases });
        }
        Ok(versions::delete(&self.database.connection, machine, number)?)
    }

    /// Creates an alias. The same again is the same.
    pub(super) fn create_alias(&self, request: CreateAlias) -> Result<AliasRecord, VersionError> {
        let CreateAlias {
            machine_arn,
            name,
            description,
            routes,
        } = request;
        let (connection, machine_arn) = (&self.database.connection, &*machine_arn);
        self.check_routes(machine_arn, &routes)?;
        if let Some(present) = versions::alias(connection, machine_arn, &name)? {
            return if present.routes == routes && present.description == description {
                Ok(present)
            } else {
                Err(VersionError::AliasExists)
            };
        }
        if versions::aliases(connection, machine_arn, None, MAX_ALIASES)?.len() >= MAX_ALIASES {
            return Err(VersionError::QuotaExceeded {
                what: "aliases",
                limit: MAX_ALIASES,
            });
        }
        let machine = machines::number(connection, machine_arn)?.ok_or_else(|| missing(machine_arn))?;
        versions::create_alias(connection, machine, &name, description.as_deref(), &routes, self.now)?;
        versions::alias(connection, machine_arn, &name)?.ok_or(VersionError::AliasNotFound)
    }

    /// Deletes an alias; returns whether it was there.
    pub(super) fn delete_alias(&self, machine_arn: &str, name: &str) -> Result<bool, DriverError> {
        match machines::number(&self.database.connection, machine_arn)? {
            Some(machine) => versions::delete_alias(&self.database.connection, machine, name),
            None => Ok(false),
        }
    }

    /// Changes what is given of an alias.
    pub(super) fn update_alias(&self, request: UpdateAlias) -> Result<AliasRecord, VersionError> {
        let UpdateAlias {
            machine_arn,
            name,
            description,
            routes,
        } = request;
        let mut alias =
            versions::alias(&self.database.connection, &machine_arn, &name)?.ok_or(VersionError::AliasNotFound)?;
        if let Some(routes) = routes {
            self.check_routes(&machine_arn, &routes)?;
            alias.routes = routes;
        }
        if description.is_some() {
            alias.description = description;
        }
        alias.updated = self.now;
        versions::update_alias(&self.database.connection, &alias)?;
        Ok(alias)
    }

    fn check_routes(&self, machine_arn: &str, routes: &[Route]) -> Result<(), VersionError> {
        for route in routes {
            if versions::revision(&self.database.connection, machine_arn, route.version)?.is_none() {
                return Err(VersionError::VersionNotFound { number: route.version });
            }
        }
        Ok(())
    }

    /// Returns the target of a new execution: the machine as it is, a version of it, or what an alias leads to this time.
    pub(super) fn target(&mut self, machine_arn: &str, qualifier: Option<&Qualifier>) -> Result<Target, StartError> {
        let Some(qualifier) = qualifier else {
            return Ok(Target {
                prepared: self.current(machine_arn)?,
                version_arn: None,
                alias_arn: None,
            });
        };
        let not_found = || StartError::MachineNotFound {
            arn: format!("{machine_arn}:{qualifier}"),
        };
        let (number, alias_arn) = match qualifier {
            Qualifier::Version(number) => (*number, None),
            Qualifier::Alias(name) => {
                let alias = versions::alias(&self.database.connection, machine_arn, name)?.ok_or_else(not_found)?;
                let number = route(&alias.routes, (self.config.seed)()[0]).ok_or_else(not_found)?;
                (number, Some(format!("{machine_arn}:{name}")))
            }
        };
        let revision = versions::revision(&self.database.connection, machine_arn, number)?.ok_or_else(not_found)?;
        Ok(Target {
            prepared: self.prepared(revision)?,
            version_arn: Some(format!("{machine_arn}:{number}")),
            alias_arn,
        })
    }
}

fn missing(machine_arn: &str) -> VersionError {
    VersionError::MachineNotFound {
        arn: machine_arn.to_owned(),
    }
}

/// The version that a draw leads to: each in proportion to its weight.
fn route(routes: &[Route], draw: u64) -> Option<u64> {
    let total: u64 = routes.iter().map(|route| u64::from(route.weight)).sum();
    let mut rest = draw.checked_rem(total)?;
    for route in routes {
        match rest.checked_sub(u64::from(route.weight)) {
            Some(beyond) => rest = beyond,
            None => return Some(route.version),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_leads_to_a_version_in_proportion_to_its_weight() {
        let check = |weights: &[(u64, u8)], expected: &[(u64, usize)]| {
            let routes: Vec<Route> = weights
                .iter()
                .map(|&(version, weight)| Route { version, weight })
                .collect();
            let drawn: Vec<u64> = (0..1000).filter_map(|draw| route(&routes, draw)).collect();
            for &(version, count) in expected {
                let found = drawn.iter().filter(|&&number| number == version).count();
                assert_eq!(found, count, "{weights:?} {version}");
            }
        };
        check(&[(1, 100)], &[(1, 1000)]);
        check(&[(1, 25), (2, 75)], &[(1, 250), (2, 750)]);
        check(&[(1, 0), (2, 100)], &[(1, 0), (2, 1000)]);
        check(&[(1, 100), (2, 0)], &[(1, 1000), (2, 0)]);
        check(&[], &[]);
        check(&[(1, 0)], &[(1, 0)]);
    }
}
