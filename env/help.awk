# Prints the targets that carry a "##" comment, under their "##@" headings, in the order of the makefiles.
/^##@ / { printf "\n%s\n", substr($0, 5); next }
/^[a-z0-9-]+:.*## / {
	target = $0
	sub(/:.*/, "", target)
	sub(/.*## /, "")
	printf "  make %-18s %s\n", target, $0
}
END {
	print "\nRECIPE=name|folder  TARGETS=\"nitro-x86_64 nitro-aarch64 cca-aarch64\"  JOBS=n  VARY=\"clock umask ...\""
	print "ROOTFS=dir:D|tar:F|oci:D[:tag]|oci-archive:F|docker-archive:F|docker://REF@sha256:...|docker-daemon:sha256:..."
	print "SECONDS=n  FUZZ=\"tar oci ...\": how long and what fuzz tries"
	print "MIRROR=url  BUNDLE=folder|tar  SNAPSHOT=url (with @SNAPSHOTID@): where fetch looks beside the apt mirrors"
}
