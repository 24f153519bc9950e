# A job may ask for 48 hours at most.
foreach my $mold (@{$ref_resource_list}) {
  if (defined($mold->[1]) and $mold->[1] > 48 * 3600) {
    die("[ADMISSION RULE] Walltime too long: at most 48:00:00 is allowed on this cluster.\n");
  }
}
