//! The list of cases.

/// Makes every case a test: `conformance!(name, fresh())`, where `fresh()` is a future of a
/// [`Fixture`](crate::conformance::Fixture). Attributes before the name go to each test. Whoever says
/// it depends on `tokio`.
///
/// `conformance!(whole: name, fresh())` makes tests of those alone that are about whole collections: of walking
/// by everybody, and of planting somebody among them.
#[macro_export]
macro_rules! conformance {
    ($(#[$attribute:meta])* $name:ident, $fresh:expr) => {
        mod $name {
            use super::*;

            $crate::conformance! {
                @modules [$(#[$attribute])*] $fresh;
                locating {
                    finds_exactly_the_person
                    searches_many_values
                    keeps_page_boundaries
                    finds_nobody
                    survives_hostile_values
                    survives_large_records
                }
                erasing {
                    twice_is_once
                    leaves_what_is_somebody_else_s
                    stands_concurrent_writers
                    stands_its_own_double
                }
                anonymising {
                    keeps_everything_else
                    leaves_what_is_somebody_else_s
                }
                looking {
                    tells_what_is_gone
                    tells_what_was_replaced
                    tells_whose_it_is_by_now
                    keeps_to_a_page
                }
                collecting {
                    shows_what_was_planted
                    leaves_what_is_gone_or_somebody_else_s
                    shows_a_record_once
                    keeps_to_a_page
                    keeps_to_its_bytes
                    tells_no_values
                }
                confirming { counts_residue }
                crashing {
                    killed_and_run_again
                    readers_may_die
                }
                hiding {
                    hides_and_shows
                    shows_whoever_it_hid
                    leaves_what_is_somebody_else_s
                }
            }
            $crate::conformance! { @whole [$(#[$attribute])*] $fresh }
        }
    };
    (whole: $name:ident, $fresh:expr) => {
        mod $name {
            use super::*;

            $crate::conformance! { @whole [] $fresh }
        }
    };
    (@whole $attributes:tt $fresh:expr) => {
        $crate::conformance! {
            @modules $attributes $fresh;
            walking {
                shows_everybody_once
                shows_what_is_wanted
                shows_nobody
                shows_who_stays_while_others_write
                survives_hostile_values
                survives_large_records
                takes_its_own_cursors_alone
            }
            planting {
                twice_is_once
                replaces_its_older_form
                is_erased_and_planted_again
                leaves_what_is_somebody_else_s
                is_seen
                survives_hostile_values
                stands_its_own_double
                killed_and_run_again
            }
        }
    };
    (@modules $attributes:tt $fresh:expr; $($module:ident { $($case:ident)* })*) => {
        $(
            mod $module {
                use super::*;

                $($crate::conformance! { @test $attributes $module $case $fresh })*
            }
        )*
    };
    (@test [$(#[$attribute:meta])*] $module:ident $case:ident $fresh:expr) => {
        $(#[$attribute])*
        #[tokio::test]
        async fn $case() {
            let fixture = $fresh.await;
            $crate::conformance::$module::$case(&fixture).await;
        }
    };
}
