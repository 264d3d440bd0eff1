//! Words that carry no subject: function words of English and Welsh, and the small change of online talk.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Whether `word` (lower case, without apostrophes) says nothing about the subject of a text.
pub(super) fn is_stop_word(word: &str) -> bool {
    // Longer than any stop word: most words of a subject are, and need no look-up.
    word.len() <= 10 && STOP_WORDS.contains(word)
}

static STOP_WORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| [ENGLISH, TALK, WELSH].iter().flat_map(|list| list.split_whitespace()).collect());

const ENGLISH: &str = "
    a about above after again against all also although always am among an and another any anybody anyone anything
    are arent around as at away back be became because become been before behind being below beside besides between
    beyond both but by came can cannot cant come comes could couldnt did didnt do does doesnt doing done dont down
    during each either else enough even ever every everybody everyone everything few for from further gave get gets
    getting give given gives go goes going gone got had hadnt half has hasnt have havent having he hed hell her here
    hers herself hes him himself his how however i id if ill im in indeed instead into is isnt it itd itll its itself
    ive just keep keeps kept knew know known knows last least less let lets like likely made make makes making many
    may maybe me mean might mine more most mostly much must my myself near nearly need needs neither never next no
    nobody none nor not nothing now nowhere of off often on once one ones only onto or other others otherwise our
    ours ourselves out over own per perhaps put puts quite rather really same saw say saying says see seem seemed
    seems seen several shall she shed shes should shouldnt since so some somebody someone something sometimes
    somewhere soon still such sure take taken takes taking tell tells than that thatll thats the their theirs them
    themselves then there theres therefore these they theyd theyll theyre theyve thing things think this those
    though thought through thus till to together told too took toward towards tried try trying two under unless
    until up upon us use used uses using usually very via want wanted wants was wasnt way we wed well went were
    werent weve what whatever whats when whenever where wherever whether which while who whoever whole whom whos
    whose why will with within without wont would wouldnt yes yet you youd youll your youre yours yourself youve
    said asked ask asking heard hear hearing look looks looking looked got
";

const TALK: &str = "
    amp rt via lol omg wow oh ah hey hi hello ok okay yeah yep nope pls please thanks thank u ur gonna gotta wanna
    anyway actually basically literally honestly totally absolutely pretty lot lots bit guys guy folks mate stuff
    today tonight yesterday tomorrow day days week weeks month months year years morning afternoon evening night time
    times monday tuesday wednesday thursday friday saturday sunday ago already later recently everywhere
    good bad great nice new old big small first second third update else another feel feels feeling felt
    mum dad mother father friend friends family neighbour neighbours people round worried
";

const WELSH: &str = "
    ac ar am at o oes oedd yn yr y ei eu ein eich fy dy ni nid ddim dim wedi mae maen mai mor na nad neu ond os pan
    pob rhai sy sydd sef un wrth gan gyda heb i iawn hefyd hon hwn hyn hynny fe fi fo chi nhw nawr eto er felly beth
    bod byd bydd dan dros drwy efo ers gwneud cael caiff cyn
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stop_word_is_longer_than_the_short_cut() {
        assert!(STOP_WORDS.iter().all(|word| word.len() <= 10));
        assert!(is_stop_word("dont") && is_stop_word("mae") && !is_stop_word("insulin"));
    }
}
