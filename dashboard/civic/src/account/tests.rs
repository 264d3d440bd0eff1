//! Tests of accounts: invitations, signing in, locks, roles.

use jiff::Timestamp;

use super::*;
use crate::second_factor::SecondFactor;
use crate::session;
use crate::testing::World;

const PASSWORD: &str = "correct horse battery";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

impl World {
    /// A member of staff who has accepted the invitation at second 0.
    fn staff(&self, email: &str, role: Role) -> (Account, SecondFactor) {
        let (_, token) = self.decide(at(0), |tx| invite(tx, "Ann Example", email, role)).unwrap();
        let offered = self.record.read_now(|db| invitation(db, &token, at(0))).unwrap();
        let code = offered.second_factor.code(at(0)).unwrap();
        let account = self.decide(at(0), |tx| accept(tx, &token, PASSWORD, Some(&code))).unwrap();
        (account, offered.second_factor)
    }

    async fn sign_in(&self, email: &str, password: &str, code: &str, now: Timestamp) -> Result<Account, NotSignedIn> {
        sign_in(&self.record, email, password, code, now).await.unwrap()
    }
}

#[tokio::test]
async fn staff_signs_in_with_password_and_code_and_a_code_is_taken_once() {
    let world = World::new();
    let (account, factor) = world.staff("ann@example.org", Role::Analyst);
    let later = at(60);
    let code = factor.code(later).unwrap();
    assert_eq!(world.sign_in("ann@example.org", PASSWORD, "", later).await, Err(NotSignedIn::Wrong));
    assert_eq!(world.sign_in("ann@example.org", "wrong wrong wrong", &code, later).await, Err(NotSignedIn::Wrong));
    let signed_in = world.sign_in(" ANN@example.org ", PASSWORD, &code, later).await.unwrap();
    assert_eq!(signed_in.id, account.id);
    assert_eq!(world.sign_in("ann@example.org", PASSWORD, &code, later).await, Err(NotSignedIn::Wrong), "used");
    assert_eq!(world.sign_in("nobody@example.org", PASSWORD, &code, later).await, Err(NotSignedIn::Wrong));
}

#[tokio::test]
async fn guessing_locks_the_account_for_longer_and_longer_but_never_for_good() {
    let world = World::new();
    world.decide(at(0), |tx| register(tx, "Bo", "bo@example.org", PASSWORD)).unwrap();
    for _ in 0..5 {
        assert_eq!(world.sign_in("bo@example.org", "a wrong password", "", at(1)).await, Err(NotSignedIn::Wrong));
    }
    assert_eq!(world.sign_in("bo@example.org", PASSWORD, "", at(2)).await, Err(NotSignedIn::Locked(at(31))));
    assert!(world.sign_in("bo@example.org", PASSWORD, "", at(31)).await.is_ok());
    assert_eq!(world.sign_in("bo@example.org", "a wrong password", "", at(32)).await, Err(NotSignedIn::Wrong));
    assert!(world.sign_in("bo@example.org", PASSWORD, "", at(33)).await.is_ok(), "a right one wipes the slate");
}

#[test]
fn a_link_works_once_and_for_three_days() {
    let world = World::new();
    let (id, token) = world.decide(at(0), |tx| invite(tx, "Cy", "cy@example.org", Role::Public)).unwrap();
    let late = at(73 * 3600);
    assert!(world.record.read_now(|db| invitation(db, &token, late)).is_err());
    let newer = world.decide(late, |tx| invite_again(tx, &id)).unwrap();
    assert!(world.record.read_now(|db| invitation(db, &token, at(1))).is_err(), "the older link has ended");
    world.decide(late, |tx| accept(tx, &newer, PASSWORD, None)).unwrap();
    let again = world.decide(late, |tx| accept(tx, &newer, PASSWORD, None)).unwrap_err();
    assert!(again.to_string().contains("ask for a new one"), "{again}");
}

#[test]
fn what_will_not_do_is_refused_with_what_to_do() {
    let world = World::new();
    world.decide(at(0), |tx| invite(tx, "Di", "di@example.org", Role::Viewer)).unwrap();
    for (name, email, said) in [
        ("Di", "DI@example.org", "has an account already"),
        ("", "x@example.org", "Enter a name"),
        ("X", "x", "correct format"),
        ("X", "x@y z.org", "correct format"),
    ] {
        let error = world.decide(at(0), |tx| invite(tx, name, email, Role::Viewer)).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[tokio::test]
async fn a_new_role_ends_sessions_and_the_last_administrator_stays() {
    let world = World::new();
    let (admin, _) = world.staff("ed@example.org", Role::Admin);
    let token = session::open(&world.record, &admin.id, at(0)).await.unwrap();
    let last = world.decide(at(1), |tx| change(tx, &admin.id, admin.version, Role::Viewer, false, "leaves"));
    assert!(last.unwrap_err().to_string().contains("last administrator"));
    assert!(session::find(&world.record, &token, at(1)).await.unwrap().is_some(), "nothing was changed");

    let (_, _) = world.staff("fay@example.org", Role::Admin);
    world.decide(at(2), |tx| change(tx, &admin.id, admin.version, Role::Viewer, false, "leaves")).unwrap();
    assert!(session::find(&world.record, &token, at(3)).await.unwrap().is_none());
    let stale = world.decide(at(4), |tx| change(tx, &admin.id, admin.version, Role::Admin, false, "stays"));
    assert!(matches!(stale, Err(RecordError::Changed)));
    let entry = world.record.read_now(|db| crate::audit::newest(db, true, None, 1)).unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.reason.as_deref()), ("account.changed", Some("leaves")));
}

#[tokio::test]
async fn a_disabled_account_does_not_sign_in_whoever_vouches_for_it() {
    let world = World::new();
    let bo = world.decide(at(0), |tx| register(tx, "Bo", "bo@example.org", PASSWORD)).unwrap();
    world.decide(at(0), |tx| change(tx, &bo.id, bo.version, bo.role, true, "asked for it")).unwrap();
    assert_eq!(world.sign_in("bo@example.org", PASSWORD, "", at(1)).await, Err(NotSignedIn::Wrong));
    let gil = vouched_for(&world.record, gil(None), at(0)).await.unwrap();
    world.decide(at(2), |tx| change(tx, &gil.id, gil.version, gil.role, true, "spam")).unwrap();
    for role in [None, Some(Role::Admin)] {
        assert!(vouched_for(&world.record, self::gil(role), at(3)).await.is_err(), "{role:?}");
    }
}

/// Somebody from elsewhere.
fn gil(role: Option<Role>) -> Vouched {
    let (issuer, subject) = ("https://id.example".to_owned(), "7".to_owned());
    Vouched { issuer, subject, name: "Gil  Example".to_owned(), role }
}

#[tokio::test]
async fn who_is_vouched_for_is_known_by_issuer_and_subject_and_has_the_role_that_is_given() {
    let world = World::new();
    let first = vouched_for(&world.record, gil(None), at(0)).await.unwrap();
    assert_eq!((first.role, first.name.as_str()), (Role::Public, "Gil Example"));
    let entries = || world.record.read_now(|db| crate::audit::newest(db, true, None, 99)).unwrap().len();
    let before = entries();
    let again = vouched_for(&world.record, gil(None), at(1)).await.unwrap();
    assert_eq!((&again.id, entries()), (&first.id, before), "to come again is no decision");

    let open = session::open(&world.record, &first.id, at(2)).await.unwrap();
    let analyst = vouched_for(&world.record, gil(Some(Role::Analyst)), at(3)).await.unwrap();
    assert_eq!((&analyst.id, analyst.role), (&first.id, Role::Analyst));
    assert!(session::find(&world.record, &open, at(4)).await.unwrap().is_none(), "a new role ends the sessions");
    let kept = vouched_for(&world.record, gil(None), at(5)).await.unwrap();
    assert_eq!(kept.role, Role::Analyst, "where no roles are given, administrators give them");
    let without = vouched_for(&world.record, gil(Some(Role::Public)), at(6)).await.unwrap();
    assert_eq!(without.role, Role::Public, "who lost the role elsewhere has lost it here");

    let renamed = Vouched { name: "Gillian\u{0} \u{7}Example".repeat(9), ..gil(None) };
    let renamed = vouched_for(&world.record, renamed, at(7)).await.unwrap();
    assert!(renamed.name.starts_with("Gillian Example") && renamed.name.len() <= 100, "{}", renamed.name);
    for other in
        [Vouched { issuer: "https://other.example".into(), ..gil(None) }, Vouched { subject: "8".into(), ..gil(None) }]
    {
        assert_ne!(vouched_for(&world.record, other, at(8)).await.unwrap().id, first.id);
    }
}
