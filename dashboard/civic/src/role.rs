//! Who may do what.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody who is signed in is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A member of the public, who takes part in Gather.
    Public,
    /// Reads what staff may read.
    Viewer,
    /// Works with posts and issues.
    Analyst,
    /// Prepares the Assembly.
    Organiser,
    /// Decides which words stand in Gather.
    Moderator,
    /// Gives roles, and removes people's data.
    Admin,
}

/// Something that not everybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Raise a flag, support one, comment.
    TakePart,
    /// Read posts word for word, exact counts, and what is held.
    ReadPosts,
    /// Correct tags, write notes, release what is held, approve quotes.
    WorkOnPosts,
    /// Hand in documents.
    HandIn,
    /// Publish or remove what people wrote in Gather.
    Moderate,
    /// Run the Assembly: cycles, gates, votes, packs, and the Board's answers.
    Organise,
    /// Read the part of the audit log that is not public.
    ReadAudit,
    /// Remove a person's data.
    Erase,
    /// Invite people and give roles.
    ManageAccounts,
}

impl Role {
    /// Every role, from the least to the most.
    pub const ALL: [Self; 6] =
        [Self::Public, Self::Viewer, Self::Analyst, Self::Organiser, Self::Moderator, Self::Admin];

    /// Whether this role carries the permission.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::{
            Erase, HandIn, ManageAccounts, Moderate, Organise, ReadAudit, ReadPosts, TakePart, WorkOnPosts,
        };
        match permission {
            TakePart => true,
            ReadPosts => self != Self::Public,
            WorkOnPosts | HandIn => matches!(self, Self::Analyst | Self::Organiser | Self::Admin),
            Moderate => matches!(self, Self::Moderator | Self::Admin),
            Organise => matches!(self, Self::Organiser | Self::Admin),
            ReadAudit => matches!(self, Self::Organiser | Self::Moderator | Self::Admin),
            Erase | ManageAccounts => self == Self::Admin,
        }
    }

    /// Whether it is staff's: such accounts need a second factor.
    pub fn is_staff(self) -> bool {
        self != Self::Public
    }

    /// Its name in the record and in addresses.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Organiser => "organiser",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "Member of the public",
            Self::Viewer => "Viewer",
            Self::Analyst => "Analyst",
            Self::Organiser => "Organiser",
            Self::Moderator => "Moderator",
            Self::Admin => "Administrator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(slug: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.slug() == slug).ok_or_else(|| {
            let known = Self::ALL.map(Self::slug).join(", ");
            format!("`{slug}` is no role: the roles are {known}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_administrator_gives_roles_and_erases() {
        for role in Role::ALL {
            let admin = role == Role::Admin;
            assert_eq!(role.may(Permission::ManageAccounts), admin);
            assert_eq!(role.may(Permission::Erase), admin);
            assert_eq!(role.may(Permission::ReadPosts), role.is_staff());
            assert_eq!(role.slug().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().unwrap_err().contains("organiser"));
    }
}
