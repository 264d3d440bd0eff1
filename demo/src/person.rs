//! The people that posts are about, as those who write call them.

/// Somebody that a post is about, with the words that refer to them.
#[derive(Debug)]
pub(crate) struct Person {
    /// First mention as a subject: "I", "my mum".
    pub(crate) who: &'static str,
    /// Second mention: "I", "she".
    pub(crate) they: &'static str,
    /// "me", "her".
    pub(crate) them: &'static str,
    /// "my", "her".
    pub(crate) their: &'static str,
    /// Whether it is the one who writes.
    pub(crate) first: bool,
    groups: &'static [People],
    roles: &'static [Role],
}

/// A kind of people that a topic can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum People {
    /// Anybody.
    Any,
    /// Somebody grown up.
    Adult,
    /// A child or teenager.
    Child,
    /// A woman.
    Woman,
    /// A man.
    Man,
    /// Somebody old.
    Old,
    /// A woman who may be expecting a child or have a small one.
    Mother,
    /// Somebody grown up whom the one who writes looks after.
    Relative,
    /// Only the one who writes.
    Myself,
    /// Those who work in the service; the one who writes is one of them.
    Staff,
}

/// What a voice is in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Patient,
    Carer,
    Parent,
    Older,
    Teen,
    Staff,
}

impl People {
    /// The kind that a phrase file calls `name`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "any" => Self::Any,
            "adult" => Self::Adult,
            "child" => Self::Child,
            "woman" => Self::Woman,
            "man" => Self::Man,
            "old" => Self::Old,
            "mother" => Self::Mother,
            "relative" => Self::Relative,
            "myself" => Self::Myself,
            "staff" => Self::Staff,
            _ => return None,
        })
    }
}

impl Person {
    /// The people of the kind `group` that somebody in the role `role` may speak of; at least one.
    pub(crate) fn known_to(role: Role, group: People) -> impl Iterator<Item = &'static Self> {
        let fits = move |person: &&Person| group == People::Any || person.groups.contains(&group);
        let any_known = PEOPLE.iter().any(|person| fits(&person) && person.roles.contains(&role));
        PEOPLE.iter().filter(fits).filter(move |person| !any_known || person.roles.contains(&role))
    }
}

/// The one who writes.
pub(crate) const MYSELF: Person = Person {
    who: "I",
    they: "I",
    them: "me",
    their: "my",
    first: true,
    groups: &[People::Adult, People::Woman, People::Man, People::Old, People::Mother, People::Myself, People::Staff],
    roles: &[Role::Patient, Role::Older, Role::Teen, Role::Staff, Role::Parent],
};

const fn she(who: &'static str, groups: &'static [People], roles: &'static [Role]) -> Person {
    Person { who, they: "she", them: "her", their: "her", first: false, groups, roles }
}

const fn he(who: &'static str, groups: &'static [People], roles: &'static [Role]) -> Person {
    Person { who, they: "he", them: "him", their: "his", first: false, groups, roles }
}

const WOMAN: &[People] = &[People::Adult, People::Woman];
const MOTHER: &[People] = &[People::Adult, People::Woman, People::Mother];
const MAN: &[People] = &[People::Adult, People::Man];
const OLD_WOMAN: &[People] = &[People::Adult, People::Woman, People::Old, People::Relative];
const OLD_MAN: &[People] = &[People::Adult, People::Man, People::Old, People::Relative];
const CHILD: &[People] = &[People::Child];

// The one who writes stands here several times, because people speak mostly of themselves.
static PEOPLE: &[Person] = &[
    MYSELF,
    MYSELF,
    MYSELF,
    MYSELF,
    MYSELF,
    MYSELF,
    MYSELF,
    MYSELF,
    she("my mum", OLD_WOMAN, &[Role::Carer, Role::Patient, Role::Staff, Role::Teen]),
    he("my dad", OLD_MAN, &[Role::Carer, Role::Patient, Role::Staff, Role::Teen]),
    she("mum", OLD_WOMAN, &[Role::Carer]),
    he("dad", OLD_MAN, &[Role::Carer]),
    she("my mother-in-law", OLD_WOMAN, &[Role::Carer]),
    he("my father-in-law", OLD_MAN, &[Role::Carer]),
    she("my nan", OLD_WOMAN, &[Role::Teen, Role::Carer]),
    he("my grandad", OLD_MAN, &[Role::Teen, Role::Carer]),
    he("my husband", OLD_MAN, &[Role::Older, Role::Carer]),
    she("my wife", OLD_WOMAN, &[Role::Older, Role::Carer]),
    he("my other half", MAN, &[Role::Carer, Role::Patient]),
    she("my partner", MOTHER, &[Role::Carer, Role::Patient]),
    she("my sister", MOTHER, &[Role::Carer, Role::Teen, Role::Older]),
    he("my brother", MAN, &[Role::Carer, Role::Teen, Role::Older]),
    she("my sister-in-law", MOTHER, &[Role::Carer, Role::Older, Role::Parent]),
    she("my best mate", WOMAN, &[Role::Teen]),
    she("my neighbour", OLD_WOMAN, &[Role::Older]),
    he("the chap next door", OLD_MAN, &[Role::Older]),
    she("my aunt", OLD_WOMAN, &[Role::Carer]),
    he("my uncle", OLD_MAN, &[Role::Carer]),
    she("my daughter", CHILD, &[Role::Parent]),
    he("my son", CHILD, &[Role::Parent]),
    he("our youngest", CHILD, &[Role::Parent]),
    she("our eldest", CHILD, &[Role::Parent]),
    he("my little boy", CHILD, &[Role::Parent]),
    she("my little girl", CHILD, &[Role::Parent]),
    she("my teenager", CHILD, &[Role::Parent]),
    he("my lad", CHILD, &[Role::Parent]),
    he("my grandson", CHILD, &[Role::Older]),
    she("my granddaughter", CHILD, &[Role::Older]),
    he("my nephew", CHILD, &[Role::Patient, Role::Staff]),
    she("my niece", CHILD, &[Role::Patient, Role::Staff]),
    he("my little brother", CHILD, &[Role::Teen]),
    he("one of the lads at work", MAN, &[Role::Patient]),
    she("a friend of mine", MOTHER, &[Role::Patient, Role::Older]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_finds_somebody_for_every_role() {
        use People::{Adult, Any, Child, Man, Mother, Myself, Old, Relative, Staff, Woman};
        for role in [Role::Patient, Role::Carer, Role::Parent, Role::Older, Role::Teen, Role::Staff] {
            for group in [Any, Adult, Child, Woman, Man, Old, Mother, Relative, Myself, Staff] {
                assert!(Person::known_to(role, group).next().is_some(), "{role:?} knows no {group:?}");
            }
        }
    }
}
