//! Every route for every role, from the router's own list: a route that is added is tested from then on.

use axum::body::Body;
use axum::http::{Method, Request};
use civic::Role;
use dashboard::{Access, Audience, Route};

use crate::made_up;
use crate::world::{World, form};

/// An address of the route, with ids of things that are there or could be.
fn address(route: &Route) -> String {
    let id =
        if route.path.contains("/posts/{id}") { made_up::quoted()[0].to_string() } else { made_up::QUEUE.to_string() };
    route.path.replace("{id}", &id)
}

/// Forms with a file, which are sent otherwise than other forms: they are tested beside their pages.
const FILES: [&str; 2] = ["/submit/preview", "/gather/flags/{id}/paper/read"];

/// Whether an answer says that the visitor may not.
fn is_denied(status: u16, leads_to: Option<&str>) -> bool {
    matches!(status, 401 | 403) || status == 303 && leads_to.is_some_and(|to| to.starts_with("/sign-in?"))
}

async fn ask(world: &World, route: &Route, cookie: Option<&str>) -> (u16, bool) {
    let address = address(route);
    let request = Request::builder().method(route.method.clone()).uri(&address).header("host", "127.0.0.1:8080");
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    let to = answer.headers.get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status.as_u16(), is_denied(answer.status.as_u16(), to.as_deref()))
}

fn may(role: Option<Role>, access: Access) -> bool {
    match (access, role) {
        (Access::Anyone | Access::Token, _) => true,
        (Access::SignedIn, role) => role.is_some(),
        (Access::Needs(permission), role) => role.is_some_and(|role| role.may(permission)),
    }
}

#[tokio::test]
async fn every_page_is_shown_to_exactly_the_roles_that_may_see_it() {
    let world = World::of_people();
    let (_, routes) = dashboard::routes().finish();
    assert!(routes.len() > 40, "only {} routes", routes.len());
    for role in [None].into_iter().chain(Role::ALL.map(Some)) {
        for route in routes.iter().filter(|route| route.method == Method::GET) {
            // Each has a session of its own, because a page such as the one to sign out may end it.
            let somebody = match role {
                Some(role) => Some(world.somebody(role).await),
                None => None,
            };
            let (status, denied) = ask(&world, route, somebody.as_ref().map(|one| one.cookie.as_str())).await;
            assert_eq!(!denied, may(role, route.access), "{} as {role:?}: {status}", route.path);
            assert!(status < 500, "{} as {role:?}: {status}", route.path);
        }
    }
}

#[tokio::test]
async fn no_form_is_taken_without_its_token_whatever_the_role() {
    let world = World::of_people();
    let (_, routes) = dashboard::routes().finish();
    let forms = routes.iter().filter(|route| route.method != Method::GET && route.access != Access::Token);
    for route in forms {
        for role in [None].into_iter().chain(Role::ALL.map(Some)) {
            let somebody = match role {
                Some(role) => Some(world.somebody(role).await),
                None => None,
            };
            let cookie = somebody.as_ref().map(|one| one.cookie.as_str());
            let (status, denied) = ask(&world, route, cookie).await;
            assert!(denied, "{} {} as {role:?} without a token: {status}", route.method, route.path);
            let guessed = [("form_token", "00000000000000000000000000000000"), ("version", "1"), ("reason", "because")];
            let status = world.send(form(&address(route), &guessed, cookie)).await.status.as_u16();
            assert!(matches!(status, 401 | 403), "{} as {role:?} with a guessed token: {status}", route.path);
        }
    }
}

#[tokio::test]
async fn forms_are_refused_to_roles_that_may_not_send_them_although_their_token_is_right() {
    let world = World::of_people();
    let (_, routes) = dashboard::routes().finish();
    for route in routes.iter().filter(|route| route.method != Method::GET && route.access != Access::Token) {
        for role in Role::ALL {
            let somebody = world.somebody(role).await;
            let answer = somebody.send(&address(route), &[]).await;
            let denied = is_denied(answer.status.as_u16(), None);
            if !may(Some(role), route.access) {
                assert!(denied, "{} as {role}: {}", route.path, answer.status);
            } else if !FILES.contains(&route.path) {
                assert!(!denied, "{} as {role}: {}", route.path, answer.status);
            }
        }
    }
}

#[tokio::test]
async fn who_sits_at_the_machine_reads_and_hands_in_but_decides_nothing() {
    let world = World::new(Audience::Staff);
    let (_, routes) = dashboard::routes().finish();
    for route in routes.iter().filter(|route| route.method == Method::GET) {
        let (status, denied) = ask(&world, route, None).await;
        let open = match route.access {
            Access::Anyone | Access::Token => true,
            Access::SignedIn => false,
            Access::Needs(permission) => {
                matches!(permission, civic::Permission::ReadPosts | civic::Permission::HandIn)
            }
        };
        assert_eq!(!denied, open, "{}: {status}", route.path);
    }
}
