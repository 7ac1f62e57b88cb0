// Copy buttons: hidden until there is a script and a clipboard. The text beside them can be selected without.
for (const button of navigator.clipboard ? document.querySelectorAll("button") : []) {
	const name = button.ariaLabel;
	button.hidden = false;
	button.onclick = async () => {
		await navigator.clipboard.writeText(button.previousElementSibling.textContent);
		button.textContent = button.ariaLabel = "Copied";
		setTimeout(() => {
			button.textContent = "Copy";
			button.ariaLabel = name;
		}, 2000);
	};
}
