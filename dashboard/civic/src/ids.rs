//! What the things in the record are called: ULIDs, a type for each kind of thing, so that none is taken for another.

use std::fmt;

use jiff::Timestamp;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::error::RecordError;
use crate::random;

macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub(crate) fn new(now: Timestamp) -> Result<Self, RecordError> {
                Ok(Self(random::id(now)?))
            }

            /// As it is kept.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id that this text is.
            pub fn parse(text: &str) -> Option<Self> {
                Ulid::from_string(text).ok().map(|id| Self(id.to_string()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                String::column_result(value).map(Self)
            }
        }
    };
}

id!(AccountId, "Which account.");
id!(FlagId, "Which flag.");
id!(NoteId, "Which note of staff.");
id!(SearchId, "Which saved search.");
id!(CollectionId, "Which collection of posts.");
id!(CycleId, "Which cycle.");
id!(CandidateId, "Which candidate.");
id!(QuoteId, "Which approved quote.");
id!(PackId, "Which evidence pack.");
id!(AnswerId, "Which answer of the Board.");
id!(ActionId, "Which action of an answer.");
