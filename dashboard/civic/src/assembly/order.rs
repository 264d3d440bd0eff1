//! The order of candidates: as the score or the last gate has it, but for those that a person put elsewhere.

/// What is known of a candidate's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Given by the gate that it passed last, from 0; before the first gate the score decides.
    pub rank: Option<u32>,
    /// 0 to 100.
    pub score: f64,
    /// Where a person put it, from 0.
    pub pin: Option<u32>,
}

/// The order without what people changed: indexes into `places`.
pub fn by_merit(places: &[Place]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&places[*a], &places[*b]);
        let rank = |place: &Place| place.rank.unwrap_or(u32::MAX);
        rank(a).cmp(&rank(b)).then(b.score.total_cmp(&a.score))
    });
    order
}

/// The order: indexes into `places`.
pub fn order(places: &[Place]) -> Vec<usize> {
    let merit = by_merit(places);
    let mut order: Vec<usize> = merit.iter().copied().filter(|index| places[*index].pin.is_none()).collect();
    let mut pinned: Vec<(u32, usize)> = merit.iter().filter_map(|index| Some((places[*index].pin?, *index))).collect();
    pinned.sort_by_key(|(pin, _)| *pin);
    for (pin, index) in pinned {
        let at = usize::try_from(pin).unwrap_or(usize::MAX).min(order.len());
        order.insert(at, index);
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places() -> impl Strategy<Value = Vec<Place>> {
        let place = (prop::option::of(0_u32..10), 0.0_f64..100.0, prop::option::weighted(0.3, 0_u32..10));
        prop::collection::vec(place, 0..12).prop_map(|places| {
            let mut taken = std::collections::BTreeSet::new();
            places
                .into_iter()
                .map(|(rank, score, pin)| Place { rank, score, pin: pin.filter(|pin| taken.insert(*pin)) })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn nobody_is_lost_and_pins_hold_and_the_others_stand_by_merit(places in places()) {
            let order = order(&places);
            let mut all = order.clone();
            all.sort_unstable();
            prop_assert_eq!(all, (0..places.len()).collect::<Vec<_>>());
            let free: Vec<usize> = order.iter().copied().filter(|index| places[*index].pin.is_none()).collect();
            let merit: Vec<usize> = by_merit(&places).into_iter().filter(|index| places[*index].pin.is_none()).collect();
            prop_assert_eq!(&free, &merit);
            // A pin that others do not push beyond the end of the list is exactly where the candidate stands.
            for (at, index) in order.iter().enumerate() {
                if let Some(pin) = places[*index].pin {
                    let pin = usize::try_from(pin).unwrap();
                    prop_assert!(at <= pin);
                    prop_assert!(at == pin || free.len() < pin);
                }
            }
        }
    }

    #[test]
    fn the_score_decides_until_a_gate_has() {
        let place = |rank, score| Place { rank, score, pin: None };
        assert_eq!(order(&[place(None, 10.0), place(None, 30.0), place(None, 20.0)]), [1, 2, 0]);
        assert_eq!(order(&[place(Some(1), 90.0), place(Some(0), 30.0)]), [1, 0]);
    }
}
