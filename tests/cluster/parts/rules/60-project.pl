# A job names its project, one of those the cluster knows.
if (not defined($project) or $project eq "" or $project eq "default") {
  die("[ADMISSION RULE] No project: name yours with --project.\n");
}
if (not grep { $_ eq $project } qw(climat downscale test)) {
  die("[ADMISSION RULE] Unknown project \"$project\": you are not a member of it.\n");
}
