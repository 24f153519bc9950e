//! Chains, jobs, hours, bytes; pure.
