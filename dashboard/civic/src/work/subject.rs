//! What is worked on.

/// An issue or a post.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An issue, by its id.
    Issue(String),
    /// A post, by its id, with the pseudonym of its author where it has one.
    Post {
        /// Which post.
        id: String,
        /// Who wrote it. It is kept so that what is noted goes when the author goes; it is not needed to find anything.
        author: Option<String>,
    },
}

impl Subject {
    pub(super) fn read(kind: &str, id: String) -> Self {
        if kind == "post" { Self::Post { id, author: None } } else { Self::Issue(id) }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Issue(_) => "issue",
            Self::Post { .. } => "post",
        }
    }

    /// The id of the issue or the post.
    pub fn id(&self) -> &str {
        match self {
            Self::Issue(id) | Self::Post { id, .. } => id,
        }
    }

    pub(super) fn author(&self) -> Option<&str> {
        match self {
            Self::Issue(_) => None,
            Self::Post { author, .. } => author.as_deref(),
        }
    }
}
