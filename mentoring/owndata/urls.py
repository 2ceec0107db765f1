from django.urls import URLPattern

app_name = "owndata"
urlpatterns: list[URLPattern] = []
