//! The Assembly for other programs: what the pages say, as JSON.

use axum::extract::Path;
use axum::response::Json;
use civic::assembly::candidates::{self, Candidate};
use civic::assembly::cycles::{self, Cycle};
use civic::assembly::gates::{self, Decision, Numbers};
use civic::assembly::pack::{self, Pack};
use serde_json::{Value, json};

use super::cycle::parse;
use crate::api::about;
use crate::error::AppError;
use crate::site::Site;

/// `/api/v1/assembly`: all cycles with the numbers at their gates.
///
/// # Errors
/// When the record cannot be read.
pub async fn cycles(site: Site) -> Result<Json<Value>, AppError> {
    let all = site
        .record()
        .read(|db| {
            let all = cycles::all(db)?;
            all.into_iter()
                .map(|cycle| Ok(of_cycle(&cycle, &gates::funnel(db, &cycle)?)))
                .collect::<Result<Vec<_>, _>>()
        })
        .await?;
    Ok(Json(json!({ "about": about(&site), "cycles": all })))
}

/// `/api/v1/assembly/cycles/{id}`: one cycle with its candidates, their scores and what was decided about them.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn cycle(site: Site, Path(id): Path<String>) -> Result<Json<Value>, AppError> {
    let id = parse(&id)?;
    let mut one = site
        .record()
        .read(move |db| {
            let cycle = cycles::find(db, &id)?;
            let mut one = of_cycle(&cycle, &gates::funnel(db, &cycle)?);
            let mut all = Vec::new();
            for candidate in candidates::of_cycle(db, &cycle)? {
                let decisions = gates::decisions(db, &candidate.id)?;
                let packs = pack::of_candidate(db, &candidate.id)?;
                all.push(of_candidate(&candidate, &cycle, &decisions, &packs));
            }
            one["candidates"] = json!(all);
            Ok(one)
        })
        .await?;
    one["about"] = about(&site);
    Ok(Json(one))
}

fn of_cycle(cycle: &Cycle, numbers: &[Numbers]) -> Value {
    let gate = |(gate, numbers): (&civic::assembly::Gate, &Numbers)| {
        json!({
            "kind": gate.kind, "keep": gate.keep, "came": numbers.came, "passed": numbers.passed,
            "failed": numbers.failed, "routed": numbers.routed, "withdrawn": numbers.withdrawn,
            "standing": numbers.standing,
        })
    };
    json!({
        "id": cycle.id, "name": cycle.name, "meets_at": cycle.meets_at, "place": cycle.place,
        "state": cycle.state.slug(), "open_gate": cycle.open_gate().map(|gate| gate.kind),
        "gates": cycle.rules.gates.iter().zip(numbers).map(gate).collect::<Vec<_>>(),
    })
}

fn of_candidate(candidate: &Candidate, cycle: &Cycle, decisions: &[Decision], packs: &[Pack]) -> Value {
    let decision = |decision: &Decision| {
        json!({
            "gate": decision.gate + 1, "outcome": decision.outcome.slug(), "by_hand": decision.by_hand,
            "found": decision.detail["found"], "role": decision.role, "at": decision.at, "reason": decision.reason,
        })
    };
    json!({
        "id": candidate.id, "label": candidate.label, "issue": candidate.issue, "flag": candidate.flag,
        "why": candidate.why, "state": candidate.state.slug(), "gate": candidate.gate + 1,
        "score": candidate.score(cycle), "inputs": candidate.inputs,
        "put_by_a_person": candidate.place.pin.map(|pin| json!({ "place": pin + 1, "reason": candidate.pin_reason })),
        "decisions": decisions.iter().map(decision).collect::<Vec<_>>(),
        "packs": packs.iter().map(|pack| json!({ "id": pack.id, "blake3": pack.hash })).collect::<Vec<_>>(),
    })
}
