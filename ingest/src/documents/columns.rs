//! Which columns of a table mean what: as somebody says, or as their names tell.

/// The meanings that a column can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    Text,
    Date,
    Place,
    Group,
    Author,
    Id,
    Title,
    Language,
    Event,
    Url,
}

/// Every meaning, its name in `--map` and in the sidecar, and the names of columns that tell it.
pub(super) const ROLES: [(Role, &str, &[&str]); 10] = [
    (
        Role::Text,
        "text",
        &[
            "text",
            "comment",
            "comments",
            "response",
            "responses",
            "feedback",
            "answer",
            "answers",
            "message",
            "content",
            "contribution",
            "story",
            "body",
            "said",
            "quote",
            "verbatim",
            "free text",
            "your comment",
            "your comments",
            "your feedback",
            "comment text",
            "response text",
            "transcript",
            "review",
            "post",
        ],
    ),
    (
        Role::Date,
        "date",
        &[
            "date",
            "created at",
            "created",
            "received",
            "date received",
            "submitted",
            "submitted at",
            "date submitted",
            "timestamp",
            "time",
            "when",
            "completed",
            "date completed",
            "completion time",
            "start time",
            "published",
            "date of meeting",
            "meeting date",
        ],
    ),
    (
        Role::Place,
        "place",
        &[
            "place",
            "town",
            "location",
            "area",
            "city",
            "venue",
            "where",
            "district",
            "locality",
            "region",
            "postcode area",
        ],
    ),
    (Role::Group, "group", &["group", "meeting", "session", "organisation", "organization", "forum", "audience"]),
    (
        Role::Author,
        "author",
        &[
            "author",
            "form",
            "form number",
            "form no",
            "form id",
            "respondent",
            "respondent id",
            "response id",
            "participant",
            "participant id",
            "speaker",
            "user",
            "name",
            "your name",
            "contributor",
            "from",
            "email",
        ],
    ),
    (Role::Id, "id", &["id", "reference", "ref", "number", "no", "post id", "item", "uuid"]),
    (Role::Title, "title", &["title", "subject", "headline"]),
    (Role::Language, "language", &["language", "lang"]),
    (Role::Event, "event", &["event", "event id"]),
    (Role::Url, "url", &["url", "link", "permalink"]),
];

/// Which columns mean what, as somebody said. What is not said is told by the columns' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Vec<(Role, String)>);

impl Columns {
    /// Says that the column called `column` is the `role`: "text" (perhaps several times), "date", "place", "group",
    /// "author", "id", "title", "language", "event" or "url". An empty name says nothing.
    ///
    /// # Errors
    /// Plain words, when there is no such role.
    pub fn set(&mut self, role: &str, column: &str) -> Result<(), String> {
        let role = role.trim();
        let known = ROLES.iter().find(|(_, name, _)| *name == role).ok_or_else(|| {
            let names: Vec<&str> = ROLES.iter().map(|(_, name, _)| *name).collect();
            format!("`{role}` is not what a column can be: use one of {}", names.join(", "))
        })?;
        if !column.trim().is_empty() {
            if known.0 != Role::Text {
                self.0.retain(|(said, _)| *said != known.0);
            }
            self.0.push((known.0, column.trim().to_owned()));
        }
        Ok(())
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the table `columns` of a sidecar file.
    pub(super) fn set_toml(&mut self, columns: toml::Value) -> Result<(), String> {
        let toml::Value::Table(table) = columns else {
            return Err("`columns` is a table: write [columns], and under it text = \"Comments\"".to_owned());
        };
        for (role, value) in table {
            let names = match value {
                toml::Value::Array(names) => names,
                one => vec![one],
            };
            for name in names {
                let name = name.as_str().ok_or_else(|| format!("`columns.{role}` is not the name of a column"))?;
                self.set(&role, name)?;
            }
        }
        Ok(())
    }

    /// Takes what `over` says in place of what this says.
    pub(super) fn overlay(&mut self, over: &Self) {
        self.0.retain(|(role, _)| over.0.iter().all(|(said, _)| said != role));
        self.0.extend(over.0.iter().cloned());
    }

    /// The places of the columns that somebody said to be `role`.
    ///
    /// # Errors
    /// Names the columns that there are, when there is none of that name.
    pub(super) fn said(&self, role: Role, header: &[String]) -> Result<Vec<usize>, String> {
        self.0
            .iter()
            .filter(|(said, _)| *said == role)
            .map(|(_, name)| {
                let wanted = normal(name);
                header
                    .iter()
                    .position(|column| normal(column) == wanted)
                    .ok_or_else(|| format!("has no column called `{name}`; its columns are {}", named(header)))
            })
            .collect()
    }
}

/// The columns whose names tell that they are `role`.
pub(super) fn told(role: Role, header: &[String]) -> Option<usize> {
    let (_, _, names) = ROLES.iter().find(|(known, ..)| *known == role)?;
    // The order of the names is the order of preference.
    names.iter().find_map(|name| header.iter().position(|column| normal(column) == *name))
}

/// The names of columns, for messages.
pub(super) fn named(header: &[String]) -> String {
    const MOST: usize = 20;
    let short = |name: &String| match name.char_indices().nth(60) {
        Some((end, _)) => format!("`{}…`", &name[..end]),
        None => format!("`{name}`"),
    };
    let mut names: Vec<String> = header.iter().filter(|name| !name.is_empty()).take(MOST).map(short).collect();
    if header.len() > MOST {
        names.push(format!("and {} more", header.len() - MOST));
    }
    names.join(", ")
}

/// A column's name as it is compared: small letters, single spaces, without punctuation.
fn normal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}
