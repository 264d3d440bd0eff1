//! Towns of England with the NHS region that they lie in. Names and regions are public facts; the weights are our own.

/// A town and how many of the conversation's voices live there.
#[derive(Debug, PartialEq)]
pub(crate) struct Town {
    pub(crate) name: &'static str,
    pub(crate) region: Region,
    /// Relative number of voices.
    weight: f64,
}

/// The seven NHS regions of England.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Region {
    /// East of England.
    East,
    /// London.
    London,
    /// Midlands.
    Midlands,
    /// North East and Yorkshire.
    NorthEastAndYorkshire,
    /// North West.
    NorthWest,
    /// South East.
    SouthEast,
    /// South West.
    SouthWest,
}

impl Region {
    /// All seven, by name.
    pub const ALL: [Self; 7] = [
        Self::East,
        Self::London,
        Self::Midlands,
        Self::NorthEastAndYorkshire,
        Self::NorthWest,
        Self::SouthEast,
        Self::SouthWest,
    ];

    /// Its share of the voices: the population of mid-2021 in millions (6.4, 8.8, 10.6, 8.1, 7.1, 8.9, 5.7), skewed
    /// towards London and the North West, as online voices are.
    pub(crate) fn weight(self) -> f64 {
        match self {
            Self::East => 5.2,
            Self::London => 11.2,
            Self::Midlands => 9.6,
            Self::NorthEastAndYorkshire => 8.4,
            Self::NorthWest => 8.2,
            Self::SouthEast => 8.1,
            Self::SouthWest => 5.0,
        }
    }

    /// Its towns.
    pub(crate) fn towns(self) -> &'static [Town] {
        match self {
            Self::East => EAST,
            Self::London => LONDON,
            Self::Midlands => MIDLANDS,
            Self::NorthEastAndYorkshire => NORTH_EAST_AND_YORKSHIRE,
            Self::NorthWest => NORTH_WEST,
            Self::SouthEast => SOUTH_EAST,
            Self::SouthWest => SOUTH_WEST,
        }
    }

    /// One of its towns, chosen by weight.
    pub(crate) fn town(self, rng: &mut crate::rng::Rng) -> &'static Town {
        let towns = self.towns();
        &towns[rng.weighted(towns.iter().map(|town| town.weight))]
    }
}

macro_rules! towns {
    ($list:ident, $region:ident, $($name:literal $weight:literal),+) => {
        static $list: &[Town] = &[$(Town { name: $name, region: Region::$region, weight: $weight }),+];
    };
}

towns!(EAST, East, "Norwich" 4.0, "Ipswich" 3.5, "Cambridge" 4.0, "Peterborough" 4.0, "Luton" 4.0, "Colchester" 3.0,
    "Chelmsford" 3.0, "Southend-on-Sea" 3.5, "King's Lynn" 1.5, "Great Yarmouth" 1.5, "Lowestoft" 1.3, "Bedford" 2.5,
    "Stevenage" 2.0, "Watford" 2.5, "Harlow" 1.6, "Bury St Edmunds" 1.0, "Thetford" 0.8, "Basildon" 2.2);
towns!(LONDON, London, "Croydon" 3.8, "Hackney" 3.2, "Newham" 3.4, "Ealing" 3.2, "Lewisham" 3.0, "Camden" 2.6,
    "Brixton" 2.2, "Tottenham" 2.4, "Harrow" 2.4, "Barnet" 3.2, "Walthamstow" 2.4, "Ilford" 2.4, "Tooting" 2.0,
    "Peckham" 2.0, "Hounslow" 2.2, "Romford" 2.0, "Bromley" 2.4, "Enfield" 2.6, "Wembley" 2.0, "Woolwich" 1.6);
towns!(MIDLANDS, Midlands, "Birmingham" 9.0, "Leicester" 4.5, "Nottingham" 4.5, "Coventry" 4.0, "Derby" 3.2,
    "Stoke-on-Trent" 3.2, "Wolverhampton" 3.0, "Northampton" 2.8, "Worcester" 1.8, "Lincoln" 1.8, "Shrewsbury" 1.4,
    "Telford" 1.8, "Hereford" 1.0, "Walsall" 2.4, "Dudley" 2.4, "Mansfield" 1.4, "Boston" 0.9, "Grantham" 0.8,
    "Kettering" 1.2, "Chesterfield" 1.4, "Stafford" 1.2, "Burton upon Trent" 1.0);
towns!(NORTH_EAST_AND_YORKSHIRE, NorthEastAndYorkshire, "Leeds" 7.0, "Sheffield" 5.0, "Bradford" 4.6, "Hull" 3.0,
    "Newcastle" 3.6, "Sunderland" 2.6, "Middlesbrough" 2.2, "York" 2.4, "Wakefield" 2.2, "Huddersfield" 2.2,
    "Halifax" 1.4, "Doncaster" 2.2, "Rotherham" 1.8, "Barnsley" 1.8, "Durham" 1.4, "Darlington" 1.4, "Harrogate" 1.2,
    "Scarborough" 0.9, "Grimsby" 1.2, "Gateshead" 1.4, "Otley" 0.4, "Keighley" 0.9, "Hexham" 0.4, "Whitby" 0.4);
towns!(NORTH_WEST, NorthWest, "Manchester" 6.5, "Liverpool" 6.0, "Preston" 2.2, "Blackburn" 2.0, "Bolton" 2.8,
    "Wigan" 2.4, "Stockport" 2.6, "Oldham" 2.2, "Rochdale" 2.0, "Warrington" 2.0, "Blackpool" 1.8, "Burnley" 1.4,
    "Lancaster" 1.2, "Chester" 1.4, "Birkenhead" 1.6, "Carlisle" 1.2, "Kendal" 0.6, "Barrow-in-Furness" 0.8,
    "Salford" 2.4, "St Helens" 1.6, "Crewe" 1.0, "Workington" 0.5);
towns!(SOUTH_EAST, SouthEast, "Brighton" 4.0, "Southampton" 3.6, "Portsmouth" 3.2, "Oxford" 2.8, "Reading" 3.0,
    "Milton Keynes" 3.0, "Slough" 2.2, "Guildford" 1.8, "Maidstone" 2.0, "Canterbury" 1.6, "Hastings" 1.6,
    "Eastbourne" 1.6, "Medway" 2.6, "Ashford" 1.4, "Basingstoke" 1.6, "Woking" 1.4, "Crawley" 1.8, "Worthing" 1.4,
    "High Wycombe" 1.4, "Margate" 1.2, "Cowes" 0.5, "Folkestone" 1.0);
towns!(SOUTH_WEST, SouthWest, "Bristol" 5.5, "Plymouth" 3.2, "Exeter" 2.4, "Bournemouth" 2.8, "Swindon" 2.4,
    "Gloucester" 2.0, "Cheltenham" 1.6, "Bath" 1.6, "Torquay" 1.6, "Taunton" 1.3, "Truro" 1.2, "Poole" 1.8,
    "Weymouth" 0.9, "Barnstaple" 0.9, "Yeovil" 0.9, "Salisbury" 0.9, "Penzance" 0.8, "Falmouth" 0.8, "Bodmin" 0.6,
    "Bideford" 0.5, "Weston-super-Mare" 1.3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_town_is_listed_twice() {
        let mut names: Vec<_> = Region::ALL.iter().flat_map(|region| region.towns()).map(|town| town.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(count > 130);
    }
}
