# Prints the targets that carry a "##" comment, under their "##@" headings, in the order of the makefiles.
/^##@ / { printf "\n%s\n", substr($0, 5); next }
/^[a-z-]+:.*## / {
	target = $0
	sub(/:.*/, "", target)
	sub(/.*## /, "")
	printf "  make %-18s %s\n", target, $0
}
END {
	print "\nRECIPE=name|folder  TARGETS=\"nitro-x86_64\"  ROOTFS=dir:D|tar:F  JOBS=n  VARY=\"clock umask ...\""
	print "SECONDS=n  FUZZ=\"tar oci ...\": how long and what fuzz tries"
	print "MIRROR=url  BUNDLE=folder|tar  SNAPSHOT=url (with @SNAPSHOTID@): where fetch looks beside the apt mirrors"
}
