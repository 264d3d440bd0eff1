//! The Assembly: the next one, its candidates and how they are chosen, the evidence for them, and what the Board answered.

mod answer;
mod api;
mod candidate;
mod cycle;
mod evidence;
mod inputs;
mod jury;
pub mod ledger;
mod matter;
pub mod nominate;
pub mod overview;
mod pack;
pub mod quotes;
mod run;
mod vote;
mod words;

use civic::Permission::{Organise, TakePart, WorkOnPosts};

use crate::feeds;
use crate::routes::Access::{Anyone, Needs};
use crate::routes::Routes;

/// Routes of the Assembly.
pub fn routes() -> Routes {
    Routes::default()
        .get("/assembly", Anyone, overview::page)
        .get("/assembly/begin", Needs(Organise), run::begin_page)
        .post("/assembly/begin", Needs(Organise), run::begin)
        .get("/assembly/nominate", Needs(Organise), nominate::page)
        .post("/assembly/nominate", Needs(Organise), nominate::nominate)
        .get("/assembly/cycles/{id}", Anyone, cycle::page)
        .get("/assembly/cycles/{id}/change", Needs(Organise), run::change_page)
        .post("/assembly/cycles/{id}/change", Needs(Organise), run::change)
        .post("/assembly/cycles/{id}/order", Needs(Organise), cycle::order)
        .post("/assembly/cycles/{id}/close", Needs(Organise), cycle::close)
        .post("/assembly/cycles/{id}/hold", Needs(Organise), cycle::hold)
        .get("/assembly/cycles/{id}/vote", Anyone, vote::page)
        .post("/assembly/cycles/{id}/vote", Needs(TakePart), vote::cast)
        .get("/assembly/cycles/{id}/open-vote", Needs(Organise), vote::open_page)
        .post("/assembly/cycles/{id}/open-vote", Needs(Organise), vote::open)
        .get("/assembly/cycles/{id}/jury", Needs(Organise), jury::page)
        .post("/assembly/cycles/{id}/jury", Needs(Organise), jury::enter)
        .get("/assembly/candidates/{id}", Anyone, candidate::page)
        .get("/assembly/candidates/{id}/decide", Needs(Organise), candidate::decide_page)
        .post("/assembly/candidates/{id}/decide", Needs(Organise), candidate::decide)
        .post("/assembly/candidates/{id}/rescore", Needs(Organise), nominate::rescore)
        .and(evidence_routes())
        .and(answer_routes())
}

fn evidence_routes() -> Routes {
    Routes::default()
        .get("/posts/{id}/quote", Needs(WorkOnPosts), quotes::approve_page)
        .post("/posts/{id}/quote", Needs(WorkOnPosts), quotes::approve)
        .get("/quotes/{id}/withdraw", Needs(WorkOnPosts), quotes::withdraw_page)
        .post("/quotes/{id}/withdraw", Needs(WorkOnPosts), quotes::withdraw)
        .get("/assembly/candidates/{id}/pack", Needs(Organise), pack::freeze_page)
        .post("/assembly/candidates/{id}/pack", Needs(Organise), pack::freeze)
        .get("/assembly/packs/{id}", Anyone, pack::page)
        .get("/download/packs/{id}/evidence.json", Anyone, pack::evidence_json)
        .get("/download/packs/{id}/quotes.json", Anyone, pack::quotes_json)
        .get("/download/packs/{id}/counts.csv", Anyone, pack::counts_csv)
}

fn answer_routes() -> Routes {
    Routes::default()
        .get("/assembly/ledger", Anyone, ledger::page)
        .get("/download/answers.csv", Anyone, ledger::csv)
        .get("/feeds/answers.atom", Anyone, feeds::answers)
        .get("/api/v1/answers", Anyone, ledger::json)
        .get("/api/v1/assembly", Anyone, api::cycles)
        .get("/api/v1/assembly/cycles/{id}", Anyone, api::cycle)
        .get("/assembly/answers/{id}", Anyone, answer::page)
        .get("/assembly/answers/{id}/respond", Needs(Organise), answer::respond_page)
        .post("/assembly/answers/{id}/respond", Needs(Organise), answer::respond)
        .get("/assembly/answers/{id}/assign", Needs(Organise), answer::assign_page)
        .post("/assembly/answers/{id}/assign", Needs(Organise), answer::assign)
        .get("/assembly/answers/{id}/promise", Needs(Organise), answer::promise_page)
        .post("/assembly/answers/{id}/promise", Needs(Organise), answer::promise)
        .get("/assembly/answers/{id}/done", Needs(Organise), answer::done_page)
        .post("/assembly/answers/{id}/done", Needs(Organise), answer::done)
}
