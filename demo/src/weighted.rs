//! A list to choose from, where some items are more probable than others.

use crate::rng::Rng;

/// Items with weights.
#[derive(Debug)]
pub(crate) struct Weighted<T> {
    items: Vec<T>,
    /// For each item, the sum of the weights up to and with it.
    until: Vec<usize>,
}

impl<T> Default for Weighted<T> {
    fn default() -> Self {
        Self { items: Vec::new(), until: Vec::new() }
    }
}

impl<T> Weighted<T> {
    /// Adds an item, which is as probable as each other until [`Weighted::weigh`] is called.
    pub(crate) fn push(&mut self, item: T) {
        self.items.push(item);
        self.until.push(self.items.len());
    }

    /// Gives each item its weight, at least 1.
    pub(crate) fn weigh(&mut self, weight: impl Fn(&T) -> usize) {
        let weights = self.items.iter().map(|item| weight(item).max(1));
        self.until = weights
            .scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
    }

    /// One of the items, of which there is at least one.
    pub(crate) fn pick(&self, rng: &mut Rng) -> &T {
        let drawn = rng.below(self.until[self.until.len() - 1]);
        &self.items[self.until.partition_point(|until| *until <= drawn)]
    }

    /// One of the items that `fits`, if there is one; its probability among them is that of its weight.
    pub(crate) fn pick_where(&self, rng: &mut Rng, fits: impl Fn(&T) -> bool) -> Option<&T> {
        if !self.items.iter().any(&fits) {
            return None;
        }
        loop {
            let item = self.pick(rng);
            if fits(item) {
                return Some(item);
            }
        }
    }

    /// All items.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// Whether there is nothing to choose from.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_as_often_as_they_weigh() {
        let mut list = Weighted::default();
        for item in [1, 2, 7] {
            list.push(item);
        }
        list.weigh(|item| *item);
        let mut rng = Rng::keyed(&[1]);
        let mut counts = [0_u32; 8];
        for _ in 0..10_000 {
            counts[*list.pick(&mut rng)] += 1;
        }
        assert!((850..1_150).contains(&counts[1]) && (6_700..7_300).contains(&counts[7]), "{counts:?}");
        assert_eq!(list.pick_where(&mut rng, |item| *item < 2), Some(&1));
        assert_eq!(list.pick_where(&mut rng, |item| *item > 7), None);
    }
}
